import type { TransferFormat, TransportName } from "@signalr-edge/protocol";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import type { CloseReason } from "../close-reasons.ts";

/** One way to move hub messages between the gateway and a client. Owned by its `ClientConnection`. */
export interface ClientTransport {
  readonly name: TransportName;
  readonly transferFormats: readonly TransferFormat[];
  /** The transport itself shows that both ends live: no pings, no client timeout (protocol.md 2.4). */
  readonly hasInherentKeepAlive: boolean;
  /**
   * Queues a message; everything queued in one turn of the event loop leaves in one write. `owed` marks what this client
   * alone asked for: it does not count against the bound of the outbox, because its source is paused instead. Returns how
   * many bytes the message is on this transport, framing included; 0 if it takes no more.
   */
  write(frame: SharedFrame, owed: boolean): number;
  /** Bytes written that have not left yet. */
  readonly pendingBytes: number;
  /** `ClientTransportListener.drained` follows as soon as few enough bytes are pending, at the end of this turn at the earliest. */
  tellWhenDrained(): void;
  /** Ends the transport in the regular way, behind everything written so far. `ended` follows. */
  end(): void;
  /** Cuts the transport, whatever is still unsent. `ended` follows. */
  terminate(): void;
  /** Cuts the transport without a word to the listener: another one has taken its place. */
  abandon(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Called about once a second. Returns false if the client has read nothing for too long. */
  sweep(nowMs: number): boolean;
}

export interface ClientTransportListener {
  /** Bytes from the client, cut anywhere. Valid during the call. */
  received(chunk: Buffer): void;
  /** A ping or pong of the transport itself. */
  controlReceived(): void;
  /** Once, at the end. `graceful`: the peer ended the transport as it should. */
  ended(graceful: boolean): void;
  /** The peer broke the rules of the transport itself, which ends without another word to it. `ended` follows. */
  broken(reason: CloseReason): void;
  /** More unsent bytes than the high-water mark; `drained` follows when they are gone. */
  congested(): void;
  drained(): void;
  /** Over the bound of the outbox. */
  overflowed(): void;
}
