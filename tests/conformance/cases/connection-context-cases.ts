import { expect } from "vitest";
import { hubPaths } from "../../support/origin.ts";
import type { RawConnection } from "../../support/raw-connection.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q222, and Q215 and Q220 as far as they concern the open connection: what the hub sees of the client. */
export function connectionContextCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q222 the hub sees query, headers and cookies of the client", async () => {
    const headers = { "x-tenant": "y", cookie: "theme=dark; lang=de" };
    const client = await suite.connectOver(leg, { query: "room=7&tenant=x%20z", headers });
    expect(await ask(client, "QueryValue", "room")).toBe("7");
    expect(await ask(client, "QueryValue", "tenant")).toBe("x z");
    expect(await ask(client, "QueryValue", "absent")).toBe(null);
    expect(await ask(client, "HeaderValue", "X-Tenant")).toBe("y");
    expect(await ask(client, "CookieValue", "lang")).toBe("de");
  });

  const credentials = [
    { what: "in the header", options: { headers: { authorization: "Bearer user:ann:vip,x" } } },
    { what: "in the query", options: { query: "access_token=user:ann:vip,x" } },
  ];
  for (const { what, options } of credentials) {
    suite.test(`Q220 a token ${what} makes the connection that user's`, async () => {
      const client = await suite.connectOver(leg, { ...options, hub: hubPaths.auth });
      expect(await ask(client, "UserName")).toBe("ann");
    });
  }

  // A client behind shared upstreams may have no connection of its own at the origin (docs/AGGREGATION.md).
  if (suite.traits.groups) return;
  suite.test("Q019 the hub knows the connection by the id that was negotiated", async () => {
    const client = await suite.connectOver(leg);
    expect(await ask(client, "WhoAmI")).toBe(client.connectionId);
    const connection = await suite.startRealClient(leg);
    expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
  });
}

async function ask(client: RawConnection, target: string, ...args: readonly unknown[]): Promise<unknown> {
  client.sendMessages({ type: 1, invocationId: "1", target, arguments: args });
  const answer = await client.nextMessage();
  return answer.type === 3 ? answer.result : answer;
}
