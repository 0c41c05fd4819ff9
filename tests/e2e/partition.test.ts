import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { sequencesOf, waitForSequence } from "./support/updates.ts";

describe.skipIf(!aspNetOriginAvailable)("partitions", () => {
  let edge: Edge;

  beforeAll(async () => {
    const partitionBy = ["query.market", "query.failConnect", "header.x-brand"];
    edge = await Edge.start({
      hubs: {
        [hubPaths.contract]: { partitionBy, groups: contractGroups },
        [hubPaths.auth]: { sharedUpstream: { headers: { authorization: "Bearer user:edge" } }, groups: contractGroups },
      },
    });
  });
  afterAll(() => edge.stop());

  test("clients whose values differ never share an upstream, those whose values are the same always do", async () => {
    const eventId = edge.newEventId();
    const before = (await edge.origin.control.state()).currentConnections;
    const places = [
      { query: "market=de" },
      { query: "market=uk" },
      { query: "market=" },
      {},
      { query: "market=de", headers: { "x-brand": "a" } },
      { query: "market=de", headers: { "x-brand": "b" } },
      { query: "market=de&other=1" },
      { query: "MARKET=de" },
    ];
    const clients = await Promise.all(places.map((place) => edge.connect(place)));
    for (const client of clients) await resultOf(client, "1", "Subscribe", eventId);
    expect(edge.hub().sharedUpstreams).toHaveLength(6);
    expect((await edge.origin.control.state()).currentConnections - before).toBe(6);
    await edge.origin.control.publish({ eventId, count: 3 });
    await Promise.all(clients.map((client) => waitForSequence(client, 3)));
    for (const client of clients) expect(sequencesOf(client)).toEqual([1, 2, 3]);
  });

  test("the origin gets the query of a partition, and what it does to one partition does not touch another", async () => {
    const [refused, welcome] = [await edge.connect({ query: "failConnect=1" }), await edge.connect()];
    const eventId = edge.newEventId();
    const join = invoke(refused, "1", "Subscribe", eventId);
    await edge.origin.control.waitFor({ kind: "refused" }, { count: 2 });
    await resultOf(welcome, "1", "Subscribe", eventId);
    await edge.origin.control.publish({ eventId });
    await waitForSequence(welcome, 1);
    expect(sequencesOf(refused)).toEqual([]);
    await refused.close();
    await expect(join).rejects.toThrow();
  });

  for (const { hub, identity, user } of [
    { hub: hubPaths.contract, identity: "anonymous", user: null },
    { hub: hubPaths.auth, identity: "the configured user", user: "edge" },
  ]) {
    test(`a shared upstream is ${identity}, whoever its clients are`, async () => {
      const eventId = edge.newEventId();
      const clients = await Promise.all(
        ["ann", "bob"].map((name) => edge.connect({ hub, headers: { authorization: `Bearer user:${name}` } })),
      );
      for (const client of clients) await resultOf(client, "1", "Subscribe", eventId);
      const joined = await edge.origin.control.waitFor({ kind: "joined", name: `event:${eventId}` });
      expect(joined).toMatchObject({ hub, user });
      const { connections } = await edge.origin.control.state();
      expect(connections.filter((connection) => connection.user === "ann" || connection.user === "bob")).toEqual([]);
    });
  }
});
