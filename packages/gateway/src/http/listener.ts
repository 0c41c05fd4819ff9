import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { TlsIdentity } from "../config/read-files.ts";
import { plainText, writeAnswer } from "./http-answer.ts";

const options: ServerOptions = {
  /** As Kestrel: 32 KiB of headers, which leaves room for long tokens in the query. */
  maxHeaderSize: 32_768,
  insecureHTTPParser: false,
  requestTimeout: 30_000,
  /** How often it is looked for requests that take too long. */
  connectionsCheckingInterval: 5000,
  /** Longer than what load balancers keep idle connections for. */
  keepAliveTimeout: 120_000,
};
const tlsHandshakeTimeoutMs = 5000;
const minVersion = "TLSv1.2";

/** The server of client connections: HTTP, or HTTPS if there is a certificate. Not listening yet. */
export function createListener(handle: RequestListener, tls: TlsIdentity | undefined): Server {
  if (tls === undefined) return createServer(options, handle);
  const { cert, key } = tls;
  return createTlsServer({ ...options, cert, key, minVersion, handshakeTimeout: tlsHandshakeTimeoutMs }, handle);
}

/** Connections that are there keep the certificate that they came by. */
export function renewIdentity(server: Server, { cert, key }: TlsIdentity): void {
  if (server instanceof TlsServer) server.setSecureContext({ cert, key, minVersion });
}

/** For bytes that are no request, as Kestrel answers them; what is not even HTTP (plain text on a TLS port) is cut. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  const status = statusOf(error.code ?? "");
  if (status === undefined || !socket.writable) socket.destroy();
  else writeAnswer(socket, { ...plainText(status), contentType: "" });
}

function statusOf(code: string): number | undefined {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  return code.startsWith("HPE_") ? 400 : undefined;
}
