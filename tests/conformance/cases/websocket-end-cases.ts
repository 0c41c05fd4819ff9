import { expect } from "vitest";
import type { SuiteContext } from "../suite-context.ts";

/** Q056-Q058: how a WebSocket ends, from either side. */
export function webSocketEndCases(suite: SuiteContext): void {
  suite.test("Q056 the server ends with code 1000 and no reason", async () => {
    const client = await suite.connect();
    client.sendMessages({ type: 1, target: "AbortMe", arguments: [] });
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });

  for (const code of [undefined, 1000, 1001]) {
    const number = code === undefined ? "Q057" : "Q058";
    suite.test(
      `${number} a client's Close frame ${code === undefined ? "without a code" : `with ${code}`} is a graceful end`,
      async () => {
        const client = await suite.connect();
        client.sendMessages({ type: 1, invocationId: "1", target: "WhoAmI", arguments: [] });
        const answer = await client.nextMessage();
        const connectionId = answer.type === 3 ? String(answer.result) : "";
        client.socket.close(code);
        expect(await client.closed).toEqual({ code: 1000, reason: "" });
        const { control } = suite.target.origin;
        expect(await control.waitFor({ kind: "disconnected", connectionId })).toMatchObject({ error: null });
      },
    );
  }
}
