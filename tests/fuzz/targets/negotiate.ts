import { parseNegotiateResponse, parseNegotiateVersion, writeNegotiateResponse } from "@signalr-edge/protocol";
import { declared } from "../declared.ts";
import { Finding, type Target, texts } from "../target.ts";

/** What an origin answers to negotiate, and the version that a client asks for. */
export const negotiateTarget: Target = {
  name: "negotiate",
  maxBytes: 2000,
  maxBatch: 64_000,
  isAsync: false,
  seeds: texts(
    '{"negotiateVersion":1,"connectionId":"i","connectionToken":"t","availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]}',
    '{"connectionId":"i","availableTransports":[],"useStatefulReconnect":true}',
    '{"url":"https://other.test/hub","accessToken":"t"}',
    '{"error":"no"}',
    "1",
  ),
  dictionary: texts(
    '"negotiateVersion":',
    '"connectionId":',
    '"connectionToken":',
    '"availableTransports":',
    '"url":',
    '"accessToken":',
    '"error":',
    '"ProtocolVersion":',
    '"ServerSentEvents"',
    '"__proto__":',
    "null",
    "{}",
    "[]",
    "-1",
    "1e400",
    "2147483648",
    "\\ud800",
  ),
  run(input) {
    const text = input.toString();
    const version = parseNegotiateVersion(text);
    if (version !== undefined && !Number.isInteger(version)) throw new Finding("a version that is no integer");
    const response = declared(() => parseNegotiateResponse(text));
    if (response === undefined) return;
    const decoded: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (typeof decoded !== "object" || decoded === null) throw new Finding("accepted, but is no object");
    if (response.kind === "redirect" && response.url !== Reflect.get(decoded, "url")) throw new Finding("another url");
    if (response.kind !== "connection") return;
    // The token goes into a URL.
    encodeURIComponent(response.connectionToken);
    if (response.connectionId !== Reflect.get(decoded, "connectionId")) throw new Finding("another connection id");
    // What the gateway would say of it can be read again, and says the same.
    const again = parseNegotiateResponse(writeNegotiateResponse(response));
    if (again.kind !== "connection" || again.connectionId !== response.connectionId)
      throw new Finding("written otherwise");
  },
  work: (input) => {
    declared(() => parseNegotiateResponse(input.toString()));
  },
  plain: (byteCount) => Buffer.from(`{"error":"${"x".repeat(byteCount)}"}`),
};
