import { connect } from "node:net";
import type { ClientPlan } from "./client-plan.ts";

/**
 * The URL of the transport. Negotiates by hand on a connection of its own, as browsers do, and reads of the answer the
 * one thing that is needed.
 */
export async function transportUrl({ url, negotiate, localAddress }: ClientPlan): Promise<URL> {
  const transport = new URL(url);
  if (negotiate) transport.searchParams.set("id", await connectionToken(transport, localAddress));
  return transport;
}

function connectionToken(hub: URL, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hub.hostname, port: Number(hub.port), localAddress, noDelay: true });
    let text = "";
    socket.setEncoding("latin1");
    socket.write(
      `POST ${hub.pathname}/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: ${hub.host}\r\nContent-Length: 0\r\n\r\n`,
    );
    socket.on("data", (chunk: string) => {
      text += chunk;
      const token = /"connectionToken":"([^"]+)"/.exec(text)?.[1];
      if (token === undefined) return;
      socket.destroy();
      resolve(token);
    });
    socket.on("error", reject);
    // After a token this changes nothing.
    socket.on("close", () => reject(new Error(`negotiate answered ${text.slice(0, 200)}`)));
  });
}
