import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Limits } from "../config/limits.ts";
import type { TlsIdentity } from "../config/read-files.ts";
import { plainText, writeAnswer } from "./http-answer.ts";

export type ListenerLimits = Pick<
  Limits,
  "maxRequestHeaderBytes" | "maxRequestHeaders" | "requestHeadersTimeoutMs" | "requestTimeoutMs"
>;

/** Longer than what load balancers keep idle connections for. */
const keepAliveTimeoutMs = 120_000;
const tlsHandshakeTimeoutMs = 5000;
const minVersion = "TLSv1.2";

/** The server of client connections: HTTP, or HTTPS if there is a certificate. Not listening yet. */
export function createListener(handle: RequestListener, tls: TlsIdentity | undefined, limits: ListenerLimits): Server {
  const options: ServerOptions = {
    insecureHTTPParser: false,
    maxHeaderSize: limits.maxRequestHeaderBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    // How often it is looked for requests that take too long.
    connectionsCheckingInterval: Math.min(5000, Math.ceil(limits.requestHeadersTimeoutMs / 2)),
  };
  const server =
    tls === undefined
      ? createServer(options, handle)
      : createTlsServer(
          { ...options, cert: tls.cert, key: tls.key, minVersion, handshakeTimeout: tlsHandshakeTimeoutMs },
          handle,
        );
  renewLimits(server, limits);
  return server;
}

/** For requests from now on. */
export function renewLimits(server: Server, limits: ListenerLimits): void {
  server.requestTimeout = limits.requestTimeoutMs;
  server.headersTimeout = Math.min(limits.requestHeadersTimeoutMs, limits.requestTimeoutMs);
  // Node drops what is over it without a word: one more is read, so that it can be seen and refused.
  server.maxHeadersCount = limits.maxRequestHeaders + 1;
}

/** Connections that are there keep the certificate that they came by. */
export function renewIdentity(server: Server, { cert, key }: TlsIdentity): void {
  if (server instanceof TlsServer) server.setSecureContext({ cert, key, minVersion });
}

/**
 * For bytes that are no request, as Kestrel answers them; what is not even HTTP (plain text on a TLS port) is cut.
 * Returns the status, 0 for none.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): number {
  const status = statusOf(error.code ?? "");
  if (status === undefined || !socket.writable) socket.destroy();
  else writeAnswer(socket, { ...plainText(status), contentType: "" });
  return status ?? 0;
}

function statusOf(code: string): number | undefined {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  return code.startsWith("HPE_") ? 400 : undefined;
}
