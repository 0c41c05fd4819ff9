import type { HubMessage } from "./messages.ts";

/** Name in the handshake. */
export type HubProtocolName = "json" | "messagepack";

/** `Text` travels in WebSocket text frames and on every transport, `Binary` not over Server-Sent Events. */
export type TransferFormat = "Text" | "Binary";

/**
 * One complete hub message as bytes: a JSON text with its 0x1E behind it, or a MessagePack array with its VarInt
 * length before it. May be a view of a larger chunk: copy it if it must outlive the call that passed it.
 */
export type Frame = Buffer;

/** Offsets into a frame; `end` is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What `peek` read from a frame. Nothing in it is a decoded value except the short envelope members; arguments, items
 * and results stay where they are and are named by their byte ranges (aggregation.md R-02).
 */
export interface Envelope {
  /** Number on the wire. May be one that `MessageType` does not know: such frames are ignored, never relayed. */
  readonly type: number;
  /** Types 1 and 4. Case kept. */
  readonly target: string | undefined;
  /** Types 1 to 5. `undefined` for one that is absent or empty, which only type 1 may have: nobody waits for a reply. */
  readonly invocationId: string | undefined;
  readonly streamIds: readonly string[];
  /** Types 1 and 4: the whole array, brackets (or array header) included. */
  readonly argumentsRange: ByteRange | undefined;
  /** Types 1 and 4: one range per argument, without white space around it. */
  readonly argumentRanges: readonly ByteRange[];
  /** Type 2. */
  readonly item: ByteRange | undefined;
  /** Type 3 with a result; a null result has a range, a void completion has none. */
  readonly result: ByteRange | undefined;
  /** Types 3 and 7, decoded. */
  readonly error: string | undefined;
  /** Type 7. */
  readonly allowReconnect: boolean;
  /** Types 8 and 9. */
  readonly sequenceId: number | undefined;
}

export interface PeekLimits {
  /**
   * Deepest allowed nesting. Counted as System.Text.Json does for JSON: the message object is level 1, its `arguments`
   * array level 2. The MessagePack array of the message is level 1 as well.
   */
  readonly maxDepth: number;
  /** Most arguments of one invocation, most stream ids, most headers. */
  readonly maxArguments: number;
}

/** Depth 64 is System.Text.Json's default. */
export const defaultPeekLimits: PeekLimits = { maxDepth: 64, maxArguments: 1024 };

/**
 * A key value, canonical over both protocols (aggregation.md R-04): equal text and kind means equal value.
 * Integers of any size are decimal text without leading zeros ("-0" and "0" are "0").
 */
export interface Scalar {
  readonly kind: "string" | "integer" | "boolean";
  readonly text: string;
}

/** A step on an object by property name (exact first, then case-insensitive) or on an array by index. */
export type PathStep = string | number;

/** Cuts a byte stream into frames. One per direction of a connection; holds at most one incomplete frame. */
export interface FrameSplitter {
  /**
   * Calls `onFrame` for each complete frame, in order. Frames that lie whole in `chunk` are views of it; only a frame
   * that crosses chunks is copied. The splitter keeps nothing of `chunk` but a copy of an incomplete tail.
   * Throws `ProtocolError` `tooLarge` as soon as an incomplete or complete frame exceeds `maxFrameBytes` (frames in
   * front of it have been delivered by then), and `malformed` for an impossible length prefix. What `onFrame` throws
   * passes through; the splitter must not be used after a throw.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void;
  /** Bytes of the incomplete frame held back. */
  readonly bufferedBytes: number;
}

/** What goes into a completion: a result as raw bytes, an error text, or nothing (void). */
export type CompletionPayload =
  | { readonly kind: "result"; readonly raw: Uint8Array }
  | { readonly kind: "error"; readonly error: string }
  | { readonly kind: "void" };

/** An invocation around raw argument values, each exactly as it stood in another frame of the same protocol. */
export interface RawInvocation {
  readonly target: string;
  readonly invocationId?: string;
  readonly arguments: readonly Uint8Array[];
  readonly streamIds?: readonly string[];
}

/** One hub protocol. Stateless; the two instances are in `hubProtocols`. */
export interface HubProtocol {
  readonly name: HubProtocolName;
  readonly transferFormat: TransferFormat;

  /** `maxFrameBytes` counts the whole frame, separator or length prefix included, as the origin does (protocol.md 4.6). */
  createSplitter(maxFrameBytes: number): FrameSplitter;

  /**
   * Reads the envelope in one iterative pass that also validates the frame completely: required members and kinds as in
   * protocol.md 4.3 / 5.2, syntax of every payload, strict UTF-8, depth. Throws `ProtocolError`, and nothing else.
   */
  peek(frame: Frame, limits?: PeekLimits): Envelope;

  /**
   * The scalar at `path` inside the value at `range` of a frame that `peek` accepted. `undefined` for objects, arrays,
   * null, fractions, a float, binary, an absent path.
   */
  readScalar(frame: Frame, range: ByteRange, path: readonly PathStep[]): Scalar | undefined;

  /** One scalar per element of the array at `path`; `undefined` if it is no array or an element is no scalar. */
  readScalars(frame: Frame, range: ByteRange, path: readonly PathStep[]): readonly Scalar[] | undefined;

  /** Ranges of the elements of the array at `path`, `undefined` if it is no array. */
  elementRanges(frame: Frame, range: ByteRange, path: readonly PathStep[]): readonly ByteRange[] | undefined;

  /** Full decode. Throws `ProtocolError`. Returns `undefined` for an unknown message type. */
  parse(frame: Frame): HubMessage | undefined;

  /** Full encode, as ASP.NET Core orders and shapes members (protocol.md 4.2 and 5.2). */
  write(message: HubMessage): Frame;

  /** The one ping frame; shared, never to be modified. */
  readonly pingFrame: Frame;
  writeClose(close: { readonly error?: string; readonly allowReconnect?: boolean }): Frame;
  writeCompletion(invocationId: string, payload: CompletionPayload): Frame;
  writeInvocation(invocation: RawInvocation): Frame;
  writeStreamInvocation(invocation: RawInvocation & { readonly invocationId: string }): Frame;
  writeStreamItem(invocationId: string, rawItem: Uint8Array): Frame;
  writeCancelInvocation(invocationId: string): Frame;
  writeAck(sequenceId: number): Frame;
  writeSequence(sequenceId: number): Frame;

  /** A scalar as a value of this protocol, in its shortest form. */
  writeScalar(scalar: Scalar): Buffer;
  /** An array value made of raw element values; used to leave single keys of a join that named several. */
  writeArray(rawElements: readonly Uint8Array[]): Buffer;
  /** The raw encoding of null / nil. */
  readonly nullValue: Uint8Array;
}
