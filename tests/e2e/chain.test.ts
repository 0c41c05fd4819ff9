import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type ConfiguredGateway, contractHub, startConfigured } from "./support/configured-gateway.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { sequencesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const loopError = "leads back to a gateway that it has come through";

/** Gateways in a row, the first one nearest to the clients; each is the origin of the one before. */
async function startChain(length: number, origin: string, settings: object): Promise<readonly ConfiguredGateway[]> {
  const chain: ConfiguredGateway[] = [];
  for (let next = origin; chain.length < length; next = `${chain[0]?.url}${hubPaths.contract}`) {
    chain.unshift(await startConfigured({ hubs: [contractHub(next, settings)], limits: { gapSpreadMs: 50 } }));
  }
  return chain;
}

describe.skipIf(!aspNetOriginAvailable).each([2, 3])("%i gateways in a row", { timeout: 60_000 }, (length) => {
  let origin: Origin;
  let chain: readonly ConfiguredGateway[];
  let lastEventId = 0;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    const settings = { groups: contractGroups, broadcasts: [{ target: "ServiceMessage" }] };
    chain = await startChain(length, origin.hubUrl(hubPaths.contract), settings);
  });
  afterAll(async () => {
    for (const { gateway } of chain) await gateway.stop();
    await origin.stop();
  });

  /** Clients of the gateway that is `hops` away from the first one. */
  async function connect(count: number, protocol: HubProtocolName, hops = 0): Promise<readonly RawClient[]> {
    const url = `${chain[hops]?.url}${hubPaths.contract}`;
    const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect({ url, protocol })));
    onTestFinished(() => {
      for (const { socket } of clients) socket.terminate();
    });
    return clients;
  }

  for (const protocol of protocols) {
    test(`${protocol} clients of each of them get one copy of what the origin sends to the first of them once`, async () => {
      const eventId = ++lastEventId;
      const near = await connect(3, protocol);
      const far = await connect(2, protocol, length - 1);
      const clients = [...near, ...far];
      for (const client of clients) await resultOf(client, "1", "Subscribe", eventId);
      await origin.control.publish({ eventId, count: 20 });
      await Promise.all(clients.map((client) => waitForSequence(client, 20)));
      for (const client of clients) expect(sequencesOf(client)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      const { connections } = await origin.control.state();
      expect(connections.filter((connection) => connection.protocol === protocol)).toHaveLength(1);
    });

    test(`${protocol} calls that no rule names get through as the client's own, and back`, async () => {
      const [client] = await connect(1, protocol);
      if (client === undefined) throw new Error("no client");
      expect(await resultOf(client, "1", "Add", 1, 2)).toBe(3);
      await expect(resultOf(client, "2", "ThrowHub", "no")).rejects.toThrow("no");
    });

    test(`a ${protocol} broadcast reaches each client once`, async () => {
      const clients = [...(await connect(2, protocol)), ...(await connect(2, protocol, length - 1))];
      await origin.control.broadcast({ text: "all" });
      const isBroadcast = (client: RawClient, frame: Buffer): boolean =>
        frame.includes("ServiceMessage") && client !== undefined;
      for (const client of clients) {
        await client.waitFor((frame) => isBroadcast(client, frame));
        // What comes after it came after every copy of it.
        await resultOf(client, "1", "Subscribe", 100);
        expect(client.frames.filter((frame) => isBroadcast(client, frame))).toHaveLength(1);
      }
    });
  }

  test("a group is left at the origin when its last member at the far end is gone", async () => {
    const eventId = ++lastEventId;
    const settings = { groups: contractGroups.map((group) => ({ ...group, lingerMs: 1 })) };
    const own = await startChain(length, origin.hubUrl(hubPaths.detailed), settings);
    const client = await RawClient.connect({ url: `${own[0]?.url}${hubPaths.contract}` });
    await resultOf(client, "1", "Subscribe", eventId);
    client.socket.terminate();
    await origin.control.waitFor({ kind: "left", name: `event:${eventId}` });
    for (const { gateway } of own) await gateway.stop();
  });

  test("the end of the origin reaches the members at the far end as a gap", async () => {
    const own = await startAspNetOrigin();
    onTestFinished(() => own.stop());
    const gateways = await startChain(length, own.hubUrl(hubPaths.contract), { groups: contractGroups });
    const client = await RawClient.connect({ url: `${gateways[0]?.url}${hubPaths.contract}` });
    await resultOf(client, "1", "Subscribe", 1);
    await own.stop("SIGKILL");
    await own.restart();
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    expect(client.frames.at(-1)?.toString()).toBe('{"type":7,"allowReconnect":true}\u001e');
    for (const { gateway } of gateways) await gateway.stop();
  });
});

/** Whoever decides who may connect: a loop is found in any case. */
const hubsInLoops = {
  "whose origin decides who may connect": { groups: contractGroups },
  "that let everyone connect": { groups: contractGroups, authentication: "none" },
  "without rules": {},
};

describe.each(Object.entries(hubsInLoops))("a loop of gateways %s", (_name, settings) => {
  test.each([1, 2, 3])("of %i is refused with an error that says so", async (length) => {
    let firstUrl = "http://127.0.0.1:1";
    const proxy = await startTcpProxy(() => firstUrl);
    const chain = await startChain(length, `${proxy.url}${hubPaths.contract}`, settings);
    onTestFinished(async () => {
      for (const { gateway } of chain) await gateway.stop();
      await proxy.stop();
    });
    const [first] = chain;
    if (first === undefined) throw new Error("no gateway");
    firstUrl = first.url;
    const url = `${first.url}${hubPaths.contract}`;
    if (!("authentication" in settings)) {
      const { status, text } = await askNegotiate(url);
      expect(status).toBe(508);
      expect(text).toContain(loopError);
      return;
    }
    const client = await RawClient.connect({ url });
    onTestFinished(() => client.socket.terminate());
    expect(await invoke(client, "shared", "Subscribe", 1)).toMatchObject({
      error: "Failed to invoke 'Subscribe' due to an error on the server.",
    });
    expect(await invoke(client, "private", "Add", 1, 2)).toMatchObject({ error: expect.stringContaining("'Add'") });
    const reasons = first.log.entriesOf("upstream.refused").map(({ reason }) => String(reason));
    expect(reasons).toContainEqual(expect.stringContaining(loopError));
  });
});

test("a chain of more than 16 gateways is refused, and a client that names fewer is not", async () => {
  const edge = await startConfigured({
    hubs: [contractHub("http://127.0.0.1:1/hub", { groups: contractGroups, authentication: "none" })],
  });
  onTestFinished(() => edge.gateway.stop());
  const ask = (count: number) =>
    askNegotiate(`${edge.url}${hubPaths.contract}`, {
      headers: { "x-signalr-edge-chain": Array.from({ length: count }, (_, index) => `gateway-${index}`).join(", ") },
    });
  const { status, text } = await ask(16);
  expect([status, text]).toEqual([508, expect.stringContaining("more than 16 gateways")]);
  // Gateways are put to the next hop, which is not there.
  expect((await ask(15)).status).toBe(502);
  expect((await ask(0)).status).toBe(200);
});
