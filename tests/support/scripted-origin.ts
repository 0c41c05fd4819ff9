import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** What no ASP.NET Core hub answers by itself, but proxies and broken applications do. */
export interface Script {
  readonly negotiate: {
    readonly status: number;
    readonly body?: string;
    readonly contentType?: string;
    readonly setCookie?: string;
  };
  /** Default `refuse`, with 404. `close`: the WebSocket is opened, and closed with 1000 at the first message. */
  readonly upgrade?: "refuse" | "close";
}

export interface ScriptedOrigin {
  readonly url: string;
  /** The headers of each upgrade. */
  readonly upgrades: readonly IncomingHttpHeaders[];
  hubUrl(path: string): string;
  stop(): Promise<void>;
}

/** An answer of negotiate that leads to a transport. */
export const acceptingNegotiate: Script["negotiate"] = {
  status: 200,
  body: JSON.stringify({
    negotiateVersion: 1,
    connectionId: "id",
    connectionToken: "token",
    availableTransports: [
      { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
      { transport: "ServerSentEvents", transferFormats: ["Text"] },
      { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
    ],
  }),
};

/** An HTTP server with one answer for negotiate and none for anything else. */
export async function startScriptedOrigin({ negotiate, upgrade = "refuse" }: Script): Promise<ScriptedOrigin> {
  const upgrades: IncomingHttpHeaders[] = [];
  const server = createServer((incoming, response) => {
    incoming.resume();
    const isNegotiate = incoming.method === "POST" && /\/negotiate(\?|$)/.test(incoming.url ?? "");
    const answer: Script["negotiate"] = isNegotiate ? negotiate : { status: 404 };
    const { status, body = "", contentType = "application/json", setCookie } = answer;
    if (setCookie !== undefined) response.setHeader("set-cookie", setCookie);
    response.writeHead(status, body === "" ? {} : { "content-type": contentType });
    response.end(body);
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (incoming, socket, head) => {
    upgrades.push(incoming.headers);
    if (upgrade === "refuse") {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.once("message", () => webSocket.close(1000));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    upgrades,
    hubUrl: (path) => `${url}${path}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
