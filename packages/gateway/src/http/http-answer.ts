import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply } from "fastify";

/** A complete answer. Clients show body texts to their users, so they are ASP.NET Core's own (protocol.md 2.0, 7.7). */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly retryAfterSeconds?: number;
}

export function plainText(status: number, body = ""): HttpAnswer {
  return { status, contentType: "text/plain", body };
}

export const answers = {
  empty: plainText(200),
  deleted: plainText(202),
  unreadable: plainText(400),
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
  originUnreachable: plainText(502, "The origin of this hub cannot be reached."),
  full: { ...plainText(503, "The gateway has no room for another connection."), retryAfterSeconds: 5 },
  draining: { ...plainText(503, "The gateway is shutting down."), retryAfterSeconds: 2 },
} as const;

export async function sendAnswer(reply: FastifyReply, answer: HttpAnswer): Promise<void> {
  if (answer.retryAfterSeconds !== undefined) reply.header("retry-after", String(answer.retryAfterSeconds));
  if (answer.contentType !== "") reply.header("content-type", answer.contentType);
  await reply.code(answer.status).send(answer.body);
}

/** Refuses an upgrade: there is no fastify reply on this path, only the socket. */
export function refuseUpgrade(socket: Duplex, { status, contentType, body, retryAfterSeconds }: HttpAnswer): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (contentType !== "") lines.push(`Content-Type: ${contentType}`);
  if (retryAfterSeconds !== undefined) lines.push(`Retry-After: ${retryAfterSeconds}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.end(body);
}
