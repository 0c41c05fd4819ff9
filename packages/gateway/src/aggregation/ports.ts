import type { CompletionPayload, Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";
import type { AddressUse } from "../address-use.ts";
import type { CloseReason } from "../close-reasons.ts";
import type { Owner } from "../identity.ts";
import type { Membership } from "./membership.ts";
import type { Partition } from "./partition-key.ts";
import type { SharedFrame } from "./shared-frame.ts";

/** A client as the aggregation layer sees it. Implemented in `client/`. Every method is ignored once it is closed. */
export interface Member {
  readonly protocol: HubProtocol;
  /** What this client is in and waits for; made on its first join, changed by `GroupTable` only. */
  membership: Membership | undefined;
  /** What it shares a bound with; absent if its address is not bounded. */
  readonly address?: AddressUse | undefined;
  /** Queues a group message for this turn. Never throws and never blocks; a client that does not read is cut by itself. */
  write(frame: SharedFrame): void;
  /**
   * What `write` holds back of this group, because the client is behind, is to leave now: what the client is told of the
   * group next is from after its membership, or a new state.
   */
  letGo(group: string): void;
  /** Answers an invocation of this client under the client's own id. */
  complete(invocationId: string, payload: CompletionPayload): void;
  /** Sends a frame that no rule names to this client's private upstream. */
  passThrough(envelope: Envelope, frame: Frame): void;
  close(reason: CloseReason): void;
}

/** A member together with what decides what it may join, and which shared upstream serves it. */
export interface HubClient extends Member {
  readonly partition: Partition;
  readonly owner: Pick<Owner, "identity" | "credential" | "credentialExpiresAtMs">;
  /** Invokes a hub method on the client's private upstream, as that client and behind its back. As `GroupSource.invoke`. */
  invokePrivately(
    method: string,
    rawArguments: readonly Uint8Array[],
    done: (outcome: InvocationOutcome) => void,
  ): void;
}

/** A hub as its clients see it. Implemented by `Hub`. */
export interface ClientHub {
  /** The client's handshake is understood: calls `proceed`, now or when what the client must not miss can reach it. */
  connect(client: HubClient, proceed: () => void): void;
  /** An invocation, a stream invocation or a cancel of the client. */
  receiveFromClient(client: HubClient, envelope: Envelope, frame: Frame): void;
  /** False if the frame, which came on the client's private upstream, has reached it as a group message. */
  receiveFromPrivateUpstream(client: HubClient, envelope: Envelope, frame: Frame): boolean;
  /** Ends everything that the client takes part in. */
  clientGone(client: HubClient): void;
}

/** What became of an invocation on a shared upstream. */
export type InvocationOutcome =
  /** The origin answered; `payload.raw` is valid during the call only. */
  | { readonly kind: "completed"; readonly payload: CompletionPayload }
  /** The connection ended first: whether the method ran is unknown. */
  | { readonly kind: "lost" };

/** A stream that runs at the origin. Nothing is called after `done` or `cancel`. */
export interface StreamListener {
  /** `rawItem` is valid during the call only; it came in a hub message of `messageBytes`. */
  item(rawItem: Uint8Array, messageBytes: number): void;
  done(outcome: InvocationOutcome): void;
}

export interface StreamHandle {
  cancel(): void;
}

/** Something that delivers group frames and invokes hub methods: a shared upstream. Implemented in `upstream/`. */
export interface GroupSource {
  readonly isOpen: boolean;
  /** Opens the connection if it is not open or opening; `GroupSourceListener.sourceUp` follows. */
  open(): void;
  /**
   * Only while open. `rawArguments` are copied before the call returns. Calls `done` exactly once, not before `invoke`
   * has returned, in any order relative to other invocations; after `sourceDown` it has been called for all.
   */
  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void;
  /** As `invoke`, for a server stream. */
  stream(method: string, rawArguments: readonly Uint8Array[], listener: StreamListener): StreamHandle;
  /** Answers an invocation that the origin made on this connection. */
  complete(invocationId: string, payload: CompletionPayload): void;
}

export interface GroupSourceListener {
  sourceUp(): void;
  /** All invocations in flight have been told `lost` already. */
  sourceDown(): void;
  /** The origin does not want this connection (status, handshake error). It is tried again as long as it is wanted. */
  sourceRefused(): void;
  /** Whether anybody needs the connection. */
  readonly isWanted: boolean;
  /** An invocation (type 1) of the origin. */
  sourceInvocation(envelope: Envelope, frame: Frame): void;
}

/** Where a client's frames go that no rule names: its private upstream. Implemented in `upstream/`. */
export interface PassThrough {
  /** The client's handshake arrived. Exactly one of `handshakeAccepted` and `handshakeRefused` follows. */
  start(protocol: HubProtocol): void;
  /** Only after `handshakeAccepted`. Takes any message type that travels from clients to hubs; copies what it keeps. */
  send(envelope: Envelope, frame: Frame): void;
  /**
   * An invocation of the gateway's own on this connection, opened if need be: its answer goes to `done` and not to the
   * client. Not called after `close`.
   */
  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void;
  /** The client does not read fast enough: stop reading from the origin until `resume`. */
  pause(): void;
  resume(): void;
  /** Whether the client waits for the answer of an invocation, streams left out. */
  readonly isAwaited: boolean;
  /** Called about once a second. */
  sweep(nowMs: number): void;
  /** The client is gone; `graceful` tells the origin whether it left or broke off. Nothing is called on it afterwards. */
  close(graceful: boolean): void;
}

/** The client of a `PassThrough`. Implemented in `client/`. */
export interface PassThroughClient {
  readonly protocol: HubProtocol;
  handshakeAccepted(): void;
  handshakeRefused(error: string): void;
  /** A frame of the origin for this client alone, in the client's own hub protocol. */
  relay(envelope: Envelope, frame: Frame): void;
  complete(invocationId: string, payload: CompletionPayload): void;
  /** The origin ended the connection: with this Close frame, or without one. */
  upstreamEnded(closeFrame: Frame | undefined): void;
  /** The origin does not read fast enough: stop reading from the client until `resumeReading`. */
  pauseReading(): void;
  resumeReading(): void;
}
