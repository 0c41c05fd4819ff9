import type { Server } from "node:http";

/** Base URL of a listening server, by the address that it is bound to. */
export function listeningUrl(server: Server, scheme: "http" | "https" = "http"): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a TCP port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}
