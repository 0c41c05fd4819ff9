/** What the official client takes as `WebSocket` in its options. */
export interface WebSocketClass {
  new (url: string, protocols?: string | string[], options?: unknown): WebSocket;
  readonly CLOSED: number;
  readonly CLOSING: number;
  readonly CONNECTING: number;
  readonly OPEN: number;
}

/** The class that the official client picks if it is not given one; `undefined` where that cannot be told. */
export function defaultWebSocket(): WebSocketClass | undefined {
  if (typeof process !== "undefined" && process.release?.name === "node") return nodeWebSocket();
  return typeof WebSocket === "undefined" ? undefined : WebSocket;
}

/**
 * The `ws` package of the official client, found from where that client is. Node's own `WebSocket` will not do, because
 * it sends no headers.
 */
function nodeWebSocket(): WebSocketClass | undefined {
  // A bundle may have no place of its own, and nothing left to find.
  if (typeof import.meta.url !== "string") return undefined;
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    const official = createRequire(import.meta.url).resolve("@microsoft/signalr");
    return createRequire(official)("ws");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
