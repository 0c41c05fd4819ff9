import { expect } from "vitest";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q167, Q179, Q180: ends that the hub brings about, and what the TypeScript client makes of them. */
export function closeCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q167 a hub that aborts sends a Close message without more and ends with 1000", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, target: "AbortMe", arguments: [] });
    expect(await client.nextMessage()).toEqual({ type: 7 });
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    expect(client.frames).toHaveLength(1);
  });

  suite.test("Q167 after an abort the TypeScript client neither reconnects nor has an error", async () => {
    const connection = await suite.startRealClient(leg, { reconnectDelaysMs: [0, 0] });
    let reconnected = false;
    connection.onreconnecting(() => {
      reconnected = true;
    });
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    await connection.send("AbortMe");
    expect(await closed).toBeUndefined();
    expect(reconnected).toBe(false);
  });

  suite.test("Q179 the TypeScript client reports the error of a Close message", async () => {
    const connection = suite.buildRealClient(leg, { query: "failConnect=1", reconnectDelaysMs: [0, 0] });
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    // The Close message may be there before `start` settles: then that is what fails.
    const error = await connection.start().then(
      async () => {
        if (suite.traits.groups) await connection.send("Void");
        return closed;
      },
      (reason: Error) => reason,
    );
    expect(error?.message).toBe("Server returned an error on close: Connection closed with an error.");
  });

  if (leg.transport === "WebSockets") {
    suite.test("Q180 a ping frame of the WebSocket is answered", async () => {
      const client = await suite.connect({ protocol: leg.protocol });
      const pong = new Promise<string>((resolve) => client.socket.once("pong", (data) => resolve(data.toString())));
      client.socket.ping("payload");
      expect(await pong).toBe("payload");
    });
  }
}
