import { asBuffer } from "./as-buffer.ts";
import { FrameTail } from "./frame-tail.ts";
import type { HubProtocolName } from "./hub-protocol.ts";
import { parseJsonObject } from "./json/object.ts";
import { recordSeparator } from "./json/scan.ts";
import { quoteString } from "./json/text.ts";
import { messageTooLarge } from "./message-too-large.ts";
import { ProtocolError } from "./protocol-error.ts";

/** First record of a client, JSON for every hub protocol (HubProtocol.md, "Overview"). */
export interface HandshakeRequest {
  /** As the client spelled it; see `findHubProtocol`. */
  readonly protocol: string;
  readonly version: number;
}

/** `record` with or without its separator. Members in any order, unknown ones skipped. Throws `ProtocolError` `malformed`. */
export function readHandshakeRequest(record: Uint8Array): HandshakeRequest {
  const { protocol, version } = parseJsonObject(record);
  if (protocol === undefined) throw malformed("Missing required property 'protocol'.");
  if (typeof protocol !== "string") throw malformed("Expected 'protocol' to be of type String.");
  if (version === undefined || version === null) throw malformed("Missing required property 'version'.");
  if (typeof version !== "number") throw malformed("Expected 'version' to be of type Number.");
  if (!Number.isInteger(version) || Math.abs(version) > 0x7fffffff) {
    throw malformed("Either the JSON value is not in a supported format, or is out of bounds for an Int32.");
  }
  return { protocol, version };
}

/** `error` is `undefined` for success. A record with a `type` is a hub message, so no handshake response. */
export function readHandshakeResponse(record: Uint8Array): { readonly error: string | undefined } {
  const { type, error } = parseJsonObject(record);
  if (type !== undefined) throw malformed("Expected a handshake response from the server.");
  if (error !== undefined && typeof error !== "string") throw malformed("Expected 'error' to be of type String.");
  return { error };
}

export function writeHandshakeRequest(protocol: HubProtocolName, version = 1): Buffer {
  return Buffer.from(`{"protocol":"${protocol}","version":${version}}\u001e`);
}

/** Exactly `{}` and the separator: some clients compare the text. Shared, never to be modified. */
export const handshakeSuccess: Buffer = Buffer.from("{}\u001e");

export function writeHandshakeError(error: string): Buffer {
  return Buffer.from(`{"error":${quoteString(error)}}\u001e`);
}

/** Cuts the handshake record from the front of a stream; what follows it belongs to the hub protocol. */
export class HandshakeSplitter {
  readonly #maxBytes: number;
  readonly #tail = new FrameTail();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * `undefined` while the record is incomplete. Otherwise the record with its separator and the rest of this chunk, a
   * view that may be empty; the splitter is spent then. Throws `ProtocolError` `tooLarge` if the record is longer
   * than `maxBytes`, as soon as that is certain.
   */
  push(chunk: Uint8Array): { readonly record: Buffer; readonly rest: Buffer } | undefined {
    const bytes = asBuffer(chunk);
    const separator = bytes.indexOf(recordSeparator);
    const taken = separator < 0 ? bytes.length : separator + 1;
    const soFar = this.#tail.length + taken;
    if (separator < 0 ? soFar >= this.#maxBytes : soFar > this.#maxBytes) throw messageTooLarge(this.#maxBytes);
    this.#tail.append(bytes.subarray(0, taken));
    return separator < 0 ? undefined : { record: this.#tail.take(), rest: bytes.subarray(taken) };
  }
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("malformed", message);
}
