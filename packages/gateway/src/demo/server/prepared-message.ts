import type { HubProtocol } from "@signalr-edge/protocol";
import { encodeValue } from "./encode-value.ts";
import { webSocketFrame } from "./web-socket-frame.ts";

/** The bytes of one invocation for one hub protocol. */
export interface PreparedFrame {
  /** The hub message in its WebSocket frame. */
  readonly bytes: Buffer;
  /** Length of the hub message alone. */
  readonly hubBytes: number;
}

/** One invocation on any number of clients, encoded on first use for each hub protocol. */
export class PreparedMessage {
  readonly #target: string;
  readonly #args: readonly unknown[];
  #json: PreparedFrame | undefined;
  #messagePack: PreparedFrame | undefined;

  constructor(target: string, args: readonly unknown[]) {
    this.#target = target;
    this.#args = args;
  }

  frameFor(protocol: HubProtocol): PreparedFrame {
    if (protocol.name === "json") {
      this.#json ??= this.#encode(protocol);
      return this.#json;
    }
    this.#messagePack ??= this.#encode(protocol);
    return this.#messagePack;
  }

  #encode(protocol: HubProtocol): PreparedFrame {
    const args = this.#args.map((argument) => encodeValue(argument, protocol));
    const frame = protocol.writeInvocation({ target: this.#target, arguments: args });
    return { bytes: webSocketFrame(frame, protocol), hubBytes: frame.length };
  }
}
