import type { GatewayWatch, WatchedGateway } from "./gateway-watch.ts";
import type { WebSocketClass } from "./web-socket-class.ts";

/**
 * The same class, but sockets to the gateway end if they do not open in time: the official client waits for ever.
 * `isFirstContact` is for connections that skip negotiation, where the socket tells what negotiate tells otherwise.
 */
export function watchWebSocket(
  inner: WebSocketClass,
  gateway: WatchedGateway,
  isFirstContact: boolean,
): WebSocketClass {
  return new Proxy(inner, {
    construct(target, args): object {
      const socket: WebSocket = Reflect.construct(target, args);
      const isToGateway = String(args[0]).startsWith(gateway.url().replace(/^http/, "ws"));
      // After the official client has set `onopen` and the like: in `ws` 7 that removes every other listener.
      if (isToGateway) queueMicrotask(() => follow(socket, gateway, isFirstContact));
      return socket;
    },
  });
}

function follow(socket: WebSocket, { watch, answerTimeoutMs }: WatchedGateway, isFirstContact: boolean): void {
  const timer = setTimeout(() => {
    watch.silent(`no WebSocket within ${answerTimeoutMs} ms`);
    socket.close();
  }, answerTimeoutMs);
  const judge = (event: Event): void => {
    // Closing it after the timeout is an error as well.
    if (isFirstContact && watch.silence === undefined) judgeError(event, watch);
  };
  socket.addEventListener("error", judge);
  socket.addEventListener("close", () => clearTimeout(timer));
  socket.addEventListener("open", () => {
    clearTimeout(timer);
    socket.removeEventListener("error", judge);
    if (isFirstContact) watch.accepted();
  });
}

/** Browsers tell nothing about a socket that did not open; the `ws` package names the status. */
function judgeError(event: Event, watch: GatewayWatch): void {
  const message = "message" in event ? String(event.message) : "the WebSocket did not open";
  const status = /^Unexpected server response: (\d+)$/.exec(message)?.[1];
  if (status !== undefined && Number(status) < 500) watch.refused();
  else watch.silent(message);
}
