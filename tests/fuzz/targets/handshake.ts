import { HandshakeSplitter, readHandshakeRequest, readHandshakeResponse } from "@signalr-edge/protocol";
import { declared } from "../declared.ts";
import { Finding, type Target, texts } from "../target.ts";

const maxBytes = 512;

/** The first record of either side. */
export const handshakeTarget: Target = {
  name: "handshake",
  maxBytes: 700,
  maxBatch: 64_000,
  isAsync: false,
  seeds: texts(
    '{"protocol":"json","version":1}\u001e',
    '{"version":1,"protocol":"messagepack","x":[]}\u001e\u0002\u0091\u0006',
    '{"error":"no"}\u001e{}\u001e',
  ),
  dictionary: texts(
    '"protocol":',
    '"version":',
    '"error":',
    '"type":',
    "null",
    "1.0",
    "1e9",
    "2147483648",
    "{}",
    "\u001e",
    '"',
    "\\u0070",
    "\u00ff",
  ),
  run(input) {
    const whole = split([input]);
    const at = input.length >> 1;
    const cut = split([input.subarray(0, at), input.subarray(at)]);
    if (
      whole?.record.equals(cut?.record ?? Buffer.from("none")) === false ||
      (whole === undefined) !== (cut === undefined)
    ) {
      throw new Finding("the record depends on where the stream is cut");
    }
    if (whole === undefined) return;
    if (whole.record.length > maxBytes) throw new Finding(`a record of ${whole.record.length} bytes`);
    checkRecord(whole.record);
  },
  work: (input) => {
    declared(() => new HandshakeSplitter(maxBytes).push(input));
    declared(() => readHandshakeRequest(input));
  },
  plain: (byteCount) => Buffer.from(`{"protocol":"json","version":1,"x":"${"x".repeat(byteCount)}"}\u001e`),
};

function split(pieces: readonly Buffer[]) {
  const splitter = new HandshakeSplitter(maxBytes);
  for (const piece of pieces) {
    const cut = declared(() => splitter.push(piece) ?? "incomplete");
    if (cut === undefined) return undefined;
    if (cut !== "incomplete") return cut;
  }
  return undefined;
}

function checkRecord(record: Buffer): void {
  const request = declared(() => readHandshakeRequest(record));
  const response = declared(() => readHandshakeResponse(record));
  if (request === undefined && response === undefined) return;
  const decoded: unknown = JSON.parse(record.toString("utf8", 0, record.length - 1));
  if (typeof decoded !== "object" || decoded === null) throw new Finding("a record that is no object");
  if (request !== undefined) {
    if (Reflect.get(decoded, "protocol") !== request.protocol)
      throw new Finding("another protocol than JSON.parse finds");
    if (Reflect.get(decoded, "version") !== request.version) throw new Finding("another version than JSON.parse finds");
  }
}
