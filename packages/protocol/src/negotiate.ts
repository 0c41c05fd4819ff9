import type { TransferFormat } from "./hub-protocol.ts";
import { isRecord } from "./is-record.ts";
import { parseJsonObject } from "./json/object.ts";
import { quoteString } from "./json/text.ts";
import { ProtocolError } from "./protocol-error.ts";

export type TransportName = "WebSockets" | "ServerSentEvents" | "LongPolling";

export interface AvailableTransport {
  readonly transport: TransportName;
  readonly transferFormats: readonly TransferFormat[];
}

/** A connection exists and waits for a transport. */
export interface NegotiatedConnection {
  readonly kind: "connection";
  /** Negotiate version of the answer, 0 or 1. */
  readonly version: number;
  readonly connectionId: string;
  /** What goes into `?id=`. Equal to `connectionId` in version 0, where it is not on the wire. */
  readonly connectionToken: string;
  readonly availableTransports: readonly AvailableTransport[];
  readonly useStatefulReconnect: boolean;
}

/** Negotiate again at `url`, with `accessToken` for everything from then on. */
export interface NegotiateRedirect {
  readonly kind: "redirect";
  readonly url: string;
  readonly accessToken: string | undefined;
}

/** Sent with status 200; clients show the text as it is. */
export interface NegotiateError {
  readonly kind: "error";
  readonly error: string;
}

export type NegotiateResponse = NegotiatedConnection | NegotiateRedirect | NegotiateError;

export const nonIntegerVersionError = "The client requested a non-integer protocol version.";

/** The JSON text as ASP.NET Core writes it, byte by byte (protocol.md 1.2); members without a value are left out. */
export function writeNegotiateResponse(response: NegotiateResponse): string {
  switch (response.kind) {
    case "error":
      return `{"error":${quoteString(response.error)}}`;
    case "redirect":
      return writeRedirect(response);
    case "connection":
      return writeConnection(response);
  }
}

function writeRedirect({ url, accessToken }: NegotiateRedirect): string {
  const token = accessToken === undefined ? "" : `,"accessToken":${quoteString(accessToken)}`;
  return `{"negotiateVersion":0,"url":${quoteString(url)}${token},"availableTransports":[]}`;
}

function writeConnection(response: NegotiatedConnection): string {
  const { version, connectionId, connectionToken } = response;
  const stateful = response.useStatefulReconnect ? '"useStatefulReconnect":true,' : "";
  const token = version === 0 ? "" : `,"connectionToken":${quoteString(connectionToken)}`;
  const transports = response.availableTransports.map(
    ({ transport, transferFormats }) =>
      `{"transport":"${transport}","transferFormats":[${transferFormats.map(quoteString).join(",")}]}`,
  );
  return `{${stateful}"negotiateVersion":${version},"connectionId":${quoteString(connectionId)}${token},"availableTransports":[${transports.join(",")}]}`;
}

/**
 * Reads the answer of a next hop as the .NET and TypeScript clients do. A missing version means 0, and transports or
 * formats with unknown names are left out. Throws `ProtocolError`: `malformed`, or `unsupported` for ASP.NET Classic.
 */
export function parseNegotiateResponse(text: string): NegotiateResponse {
  const members = parseJsonObject(Buffer.from(text));
  if (members.ProtocolVersion !== undefined) throw new ProtocolError("unsupported", classicServer);
  const error = optionalString(members, "error");
  if (error !== undefined) return { kind: "error", error };
  const url = optionalString(members, "url");
  if (url !== undefined) return { kind: "redirect", url, accessToken: optionalString(members, "accessToken") };
  return connectionOf(members);
}

const classicServer =
  "Detected a connection attempt to an ASP.NET SignalR Server. This client only supports connecting to an ASP.NET Core SignalR Server. See https://aka.ms/signalr-core-differences for details.";

function connectionOf(members: Readonly<Record<string, unknown>>): NegotiatedConnection {
  const connectionId = optionalString(members, "connectionId");
  if (connectionId === undefined) throw malformed("Missing required property 'connectionId'.");
  const version = members.negotiateVersion ?? 0;
  if (typeof version !== "number" || !Number.isInteger(version)) {
    throw malformed("Expected 'negotiateVersion' to be of type Number.");
  }
  const connectionToken = optionalString(members, "connectionToken");
  if (version > 0 && connectionToken === undefined) throw malformed("Missing required property 'connectionToken'.");
  return {
    kind: "connection",
    version,
    connectionId,
    connectionToken: version > 0 && connectionToken !== undefined ? connectionToken : connectionId,
    availableTransports: transportsOf(members.availableTransports),
    useStatefulReconnect: members.useStatefulReconnect === true,
  };
}

function transportsOf(value: unknown): readonly AvailableTransport[] {
  if (value === undefined) throw malformed("Missing required property 'availableTransports'.");
  if (!Array.isArray(value)) throw malformed("Expected 'availableTransports' to be of type Array.");
  const elements: readonly unknown[] = value;
  return elements.flatMap((element) => {
    if (!isRecord(element)) throw malformed("Expected 'availableTransports' to be an array of objects.");
    const { transport, transferFormats } = element;
    if (typeof transport !== "string") throw malformed("Missing required property 'transport'.");
    if (!Array.isArray(transferFormats)) throw malformed("Missing required property 'transferFormats'.");
    return isTransportName(transport) ? [{ transport, transferFormats: transferFormats.filter(isTransferFormat) }] : [];
  });
}

function isTransportName(value: string): value is TransportName {
  return value === "WebSockets" || value === "ServerSentEvents" || value === "LongPolling";
}

function isTransferFormat(value: unknown): value is TransferFormat {
  return value === "Text" || value === "Binary";
}

/** Null and empty are as good as absent, as in the TypeScript client. */
function optionalString(members: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = members[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw malformed(`Expected '${name}' to be of type String.`);
  // No URL and no UTF-8 can carry half a surrogate pair, so a token that holds one leads nowhere.
  if (/\p{Cs}/u.test(value)) throw malformed(`'${name}' holds half a surrogate pair.`);
  return value;
}

/**
 * The version that a client asks for in its query, 0 if it does not ask. `undefined` for what is no integer: answer
 * `nonIntegerVersionError`. A version above 1 is answered with 1.
 */
export function parseNegotiateVersion(value: string | undefined): number | undefined {
  if (value === undefined) return 0;
  if (!/^\s*[+-]?\d+\s*$/.test(value)) return undefined;
  const version = Number(value);
  // Int32.Parse at the origin overflows, which it answers like a text that is no number.
  return version >= -0x80000000 && version <= 0x7fffffff ? version : undefined;
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("malformed", message);
}
