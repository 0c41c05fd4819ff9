import type { HubMessage, IHubProtocol, ILogger } from "@microsoft/signalr";
import { type Frame, type HubProtocolName, hubProtocols, MessageType } from "@signalr-edge/protocol";
import type { FrameEntry } from "./recording.ts";

/** Far beyond what a hub sends in one message; a larger one ends the client with an error. */
const maxFrameBytes = 256 * 1024 * 1024;

/** The official protocol, with a record of the very bytes that it is given to read and that it writes. Pings are left out. */
export class RecordingProtocol implements IHubProtocol {
  readonly #inner: IHubProtocol;
  readonly #protocolName: HubProtocolName;
  readonly #record: (kind: FrameEntry["kind"], frame: Frame, envelope: FrameEntry["envelope"]) => void;

  constructor(
    inner: IHubProtocol,
    protocolName: HubProtocolName,
    record: (kind: FrameEntry["kind"], frame: Frame, envelope: FrameEntry["envelope"]) => void,
  ) {
    this.#inner = inner;
    this.#protocolName = protocolName;
    this.#record = record;
  }

  get name(): string {
    return this.#inner.name;
  }

  get version(): number {
    return this.#inner.version;
  }

  get transferFormat(): IHubProtocol["transferFormat"] {
    return this.#inner.transferFormat;
  }

  parseMessages(input: string | ArrayBuffer, logger: ILogger): HubMessage[] {
    this.#recordAll("received", input);
    return this.#inner.parseMessages(input, logger);
  }

  writeMessage(message: HubMessage): string | ArrayBuffer {
    const output = this.#inner.writeMessage(message);
    this.#recordAll("sent", output);
    return output;
  }

  #recordAll(kind: FrameEntry["kind"], chunk: string | ArrayBuffer): void {
    const protocol = hubProtocols[this.#protocolName];
    // A copy: the transport may use its buffer again.
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(new Uint8Array(chunk));
    protocol.createSplitter(maxFrameBytes).push(bytes, (frame) => {
      const envelope = protocol.peek(frame);
      if (envelope.type !== MessageType.Ping) this.#record(kind, frame, envelope);
    });
  }
}
