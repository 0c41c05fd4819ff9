import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { loopStatus, maxChainLength } from "../upstream/gateway-chain.ts";

/** A complete answer. Clients show body texts to their users, so they are ASP.NET Core's own (protocol.md 2.0, 7.7). */
export interface HttpAnswer {
  readonly status: number;
  /** Empty: none. */
  readonly contentType: string;
  readonly body: string | Buffer;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function plainText(status: number, body = ""): HttpAnswer {
  return { status, contentType: "text/plain", body };
}

function empty(status: number, headers: Readonly<Record<string, string>>): HttpAnswer {
  return { status, contentType: "", body: "", headers };
}

export const answers = {
  empty: plainText(200),
  deleted: plainText(202),
  badRequest: plainText(400),
  unreadable: plainText(400),
  noToken: empty(401, { "www-authenticate": "Bearer" }),
  badToken: empty(401, { "www-authenticate": 'Bearer error="invalid_token"' }),
  foreignPage: plainText(403),
  tooEarly: plainText(413, "Too many bytes were sent before a transport was connected."),
  noHub: plainText(404),
  noId: plainText(400, "Connection ID required"),
  unknownId: plainText(404, "No Connection with that ID"),
  idInUse: plainText(409),
  methodNotAllowed: plainText(405),
  noPost: plainText(405, "POST requests are not allowed for WebSocket connections."),
  noDelete: plainText(400, "Cannot terminate this connection using the DELETE endpoint."),
  otherTransport: plainText(400, "Cannot change transports mid-connection"),
  badUpgrade: plainText(400, "This endpoint takes WebSocket upgrades without a body only."),
  urlTooLong: plainText(414, "The URL is longer than limits.maxUrlBytes of the gateway."),
  tooManyHeaders: plainText(431, "The request has more headers than limits.maxRequestHeaders of the gateway."),
  failed: plainText(500),
  originUnreachable: plainText(502, "The origin of this hub cannot be reached."),
  loop: plainText(
    loopStatus,
    "This chain of gateways leads back to a gateway that it has come through. Check the origin of this hub at each of them.",
  ),
  tooManyGateways: plainText(
    loopStatus,
    `This chain has more than ${maxChainLength} gateways. Check the origin of this hub at each of them.`,
  ),
  redirectRefused: plainText(502, "The origin of this hub redirects to a host that is not allowed."),
  tooManyFromAddress: {
    ...plainText(429, "There are too many connections from this address."),
    headers: { "retry-after": "10" },
  },
  noKeys: retryLater(5, "Tokens cannot be verified at the moment."),
  full: retryLater(5, "The gateway has no room for another connection."),
  draining: retryLater(2, "The gateway is shutting down."),
} as const satisfies Readonly<Record<string, HttpAnswer>>;

function retryLater(seconds: number, body: string): HttpAnswer {
  return { ...plainText(503, body), headers: { "retry-after": String(seconds) } };
}

export async function sendAnswer(
  reply: FastifyReply,
  { status, contentType, body, headers }: HttpAnswer,
): Promise<void> {
  if (headers !== undefined) reply.headers({ ...headers });
  if (contentType !== "") reply.header("content-type", contentType);
  reply.code(status);
  // A body of text, even an empty one, would be given a type.
  await (contentType === "" && body.length === 0 ? reply.send() : reply.send(body));
}

/** An answer where there is only the socket: to an upgrade, or to what the parser refused. Ends the socket. */
export function writeAnswer(socket: Socket, { status, contentType, body, headers }: HttpAnswer): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (contentType !== "") lines.push(`Content-Type: ${contentType}`);
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value}`);
  // A peer that never ends its side would otherwise keep the socket for ever.
  socket.once("finish", () => socket.destroy());
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.end(body);
}
