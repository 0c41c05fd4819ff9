import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";

/** The outcome of a WebSocket upgrade: the open socket with 101, or the refusal. */
export type UpgradeAnswer =
  | {
      readonly status: 101;
      readonly headers: IncomingMessage["headers"];
      readonly socket: Socket;
      readonly head: Buffer;
    }
  | {
      readonly status: number;
      readonly headers: IncomingMessage["headers"];
      readonly text: string;
      readonly socket: undefined;
    };

/**
 * Asks for a WebSocket by hand, where a WebSocket library would object to the answer or hide it. The caller destroys
 * the socket.
 */
export function askUpgrade(hubUrl: string, headers: Readonly<Record<string, string>> = {}): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(hubUrl, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      },
    });
    outgoing.on("upgrade", (response, socket: Socket, head) => {
      // A reset is followed by `close`, which is what the caller watches.
      socket.on("error", () => undefined);
      resolve({ status: 101, headers: response.headers, socket, head });
    });
    outgoing.on("response", (response) => {
      const status = response.statusCode ?? 0;
      text(response).then(
        (body) => resolve({ status, headers: response.headers, text: body, socket: undefined }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
