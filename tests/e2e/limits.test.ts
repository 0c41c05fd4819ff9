import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { type ConfiguredGateway, startConfigured } from "./support/configured-gateway.ts";
import { invoke, resultOf } from "./support/invoke.ts";

/** The error of an invocation's completion; `undefined` for a result. */
async function errorOf(client: RawClient, id: string, target: string, ...args: readonly unknown[]) {
  const completion = await invoke(client, id, target, ...args);
  return "error" in completion ? completion.error : undefined;
}

function refusedCalls({ gateway }: ConfiguredGateway, limit: "maxPendingInvocations" | "maxPrivateUpstreams"): number {
  return [...gateway.metrics.hubs.values()].reduce((sum, { refused }) => sum + refused[limit], 0);
}

describe.skipIf(!aspNetOriginAvailable)("limits of what clients share", () => {
  let origin: Origin;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());
  beforeEach(() => origin.control.reset());

  /** Clients say by a header from where they come, as a trusted proxy would. */
  async function start(limits: Readonly<Record<string, number>>): Promise<ConfiguredGateway> {
    const edge = await startConfigured({
      trustedProxies: ["127.0.0.1"],
      hubs: [
        { path: hubPaths.contract, origin: origin.hubUrl(hubPaths.contract), groups: contractGroups },
        { path: hubPaths.detailed, origin: origin.hubUrl(hubPaths.detailed) },
      ],
      limits,
    });
    onTestFinished(() => edge.gateway.stop());
    return edge;
  }

  async function connect(edge: ConfiguredGateway, from?: string, path: string = hubPaths.contract): Promise<RawClient> {
    const headers = from === undefined ? {} : { "x-forwarded-for": from };
    const client = await RawClient.connect({ url: edge.url + path, headers });
    onTestFinished(() => client.socket.terminate());
    return client;
  }

  test("an address has maxConnectionsPerAddress, whether it negotiates or not, and nobody else pays for it", async () => {
    const edge = await start({ maxConnectionsPerAddress: 2 });
    const url = edge.url + hubPaths.contract;
    const headers = { "x-forwarded-for": "203.0.113.7" };
    const first = await connect(edge, "203.0.113.7");
    await connect(edge, "203.0.113.7");
    const full = { status: 429, text: "There are too many connections from this address." };
    const negotiated = await askNegotiate(url, { headers });
    expect(negotiated).toMatchObject(full);
    expect(negotiated.headers["retry-after"]).toBe("10");
    expect(await askUpgrade(url, headers)).toMatchObject(full);
    await edge.log.waitFor("address.refused");
    await connect(edge, "203.0.113.8");
    expect(edge.gateway.metrics.addressesRefused).toBe(2);

    await first.close();
    await expect.poll(() => edge.gateway.state().hubs[0]?.clients).toBe(2);
    await connect(edge, "203.0.113.7");
  });

  test("an id that no transport comes for gives its place back", async () => {
    const edge = await start({ maxConnectionsPerAddress: 1, disconnectTimeoutMs: 100 });
    const url = edge.url + hubPaths.contract;
    const headers = { "x-forwarded-for": "2001:db8:1:2::1" };
    const neighbour = { "x-forwarded-for": "2001:db8:1:2:ffff::9" };
    expect(await askNegotiate(url, { headers })).toMatchObject({ status: 200 });
    expect(await askNegotiate(url, { headers: neighbour })).toMatchObject({ status: 429 });
    await expect
      .poll(async () => (await askNegotiate(url, { headers: neighbour })).status, { timeout: 5000 })
      .toBe(200);
  });

  test("what the origin refuses takes no place", async () => {
    const edge = await startConfigured({
      trustedProxies: ["127.0.0.1"],
      hubs: [{ path: "/none", origin: `${origin.url}/no-such-hub` }],
      limits: { maxConnectionsPerAddress: 1 },
    });
    onTestFinished(() => edge.gateway.stop());
    const headers = { "x-forwarded-for": "203.0.113.7" };
    for (let n = 0; n < 3; n++) {
      expect((await askNegotiate(`${edge.url}/none`, { headers })).status).toBe(404);
      expect((await askUpgrade(`${edge.url}/none`, headers)).status).toBe(404);
    }
  });

  test("the clients of an address are in maxGroupsPerAddress together, and out of them again when they leave or end", async () => {
    const edge = await start({ maxGroupsPerAddress: 3 });
    const [one, two] = [await connect(edge, "203.0.113.7"), await connect(edge, "203.0.113.7")];
    await resultOf(one, "1", "Subscribe", 1);
    await resultOf(one, "2", "Subscribe", 2);
    await resultOf(two, "1", "Subscribe", 1);
    const error =
      "Failed to invoke 'Subscribe' due to an error on the server. HubException: The connections of one address may be in 3 groups.";
    expect(await errorOf(two, "2", "Subscribe", 2)).toBe(error);
    await resultOf(await connect(edge, "203.0.113.8"), "1", "Subscribe", 2);
    await resultOf(one, "3", "Unsubscribe", 1);
    await resultOf(two, "3", "Subscribe", 2);
    expect(await errorOf(two, "4", "Subscribe", 3)).toBe(error);
    await one.close();
    await expect.poll(() => edge.gateway.state().hubs[0]?.clients).toBe(2);
    await resultOf(two, "5", "Subscribe", 3);
    expect(edge.gateway.metrics.hub(hubPaths.contract).refused.maxGroupsPerAddress).toBe(2);
  });

  test("a join beyond maxGroups is refused, one of a key that is there is not", async () => {
    const edge = await start({ maxGroups: 2 });
    const [one, two] = [await connect(edge), await connect(edge)];
    await resultOf(one, "1", "Subscribe", 1);
    await resultOf(one, "2", "Subscribe", 2);
    expect(await errorOf(two, "1", "Subscribe", 3)).toBe(
      "Failed to invoke 'Subscribe' due to an error on the server. HubException: The gateway has too many groups.",
    );
    await resultOf(two, "2", "Subscribe", 2);
    expect(edge.gateway.metrics.hub(hubPaths.contract).refused.maxGroups).toBe(1);
    expect((await origin.control.state()).joinsByGroup).not.toHaveProperty("event:3");
  });

  for (const path of [hubPaths.contract, hubPaths.detailed]) {
    test(`an invocation beyond maxPendingInvocations is answered at once, and the others later (${path})`, async () => {
      const edge = await start({ maxPendingInvocations: 2 });
      const client = await connect(edge, undefined, path);
      const answers = ["1", "2"].map((id) => resultOf(client, id, "Slow", 500));
      expect(await errorOf(client, "3", "WhoAmI")).toBe(
        "Failed to invoke 'WhoAmI' due to an error on the server. HubException: A connection may wait for 2 invocations.",
      );
      await Promise.all(answers);
      expect(await errorOf(client, "4", "WhoAmI")).toBeUndefined();
      expect(refusedCalls(edge, "maxPendingInvocations")).toBe(1);
    });
  }

  test("private upstreams are bounded over all hubs: a lazy client gets an error and stays, an eager one is refused", async () => {
    const edge = await start({ maxPrivateUpstreams: 1 });
    const eager = await connect(edge, undefined, hubPaths.detailed);
    const lazy = await connect(edge);
    const noRoom = "The gateway has no room for another connection to the origin.";
    expect(await errorOf(lazy, "1", "WhoAmI")).toBe(
      `Failed to invoke 'WhoAmI' due to an error on the server. HubException: ${noRoom}`,
    );
    expect(await askUpgrade(edge.url + hubPaths.detailed)).toMatchObject({ status: 503, text: noRoom });
    expect(refusedCalls(edge, "maxPrivateUpstreams")).toBe(2);
    await eager.close();
    await expect.poll(() => edge.gateway.metrics.hub(hubPaths.detailed).privateUpstreams).toBe(0);
    expect(await errorOf(lazy, "2", "WhoAmI")).toBeUndefined();
  });
});
