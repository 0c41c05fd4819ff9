import { expect, onTestFinished, test, vi } from "vitest";
import { DemoWorld } from "./demo-world.ts";
import { startDemoGateway } from "./start-demo-gateway.ts";

const clients = 24;
const deliveries = 2_000;

async function runUntilDelivered(world: DemoWorld, baseUrl: string): Promise<ReturnType<DemoWorld["report"]>> {
  await world.start(baseUrl, clients);
  await vi.waitUntil(() => world.report().deliveries >= deliveries, { timeout: 15_000 });
  return world.finish();
}

function createWorld(): DemoWorld {
  const world = new DemoWorld();
  onTestFinished(async () => {
    await world.disconnect();
    await world.stopOrigin();
  });
  return world;
}

const faultless = { lost: 0, duplicated: 0, reordered: 0, misrouted: 0, failures: 0, unexpectedEnds: 0 };

test("clients straight at the origin get every message, and the origin sends one per client", async () => {
  const world = createWorld();
  const report = await runUntilDelivered(world, await world.startOrigin());
  expect(report).toMatchObject(faultless);
  expect(report.originConnections).toBe(clients);
  // What was on its way to a client that left is not received.
  expect(report.originMessages).toBeGreaterThanOrEqual(report.deliveries);
});

test("behind a gateway they get every message too, over one origin connection per hub protocol", async () => {
  const world = createWorld();
  const { gateway, address } = await startDemoGateway(await world.startOrigin());
  onTestFinished(() => gateway.stop());
  const report = await runUntilDelivered(world, address.url);
  expect(report).toMatchObject(faultless);
  expect(report.originConnectionsPeak).toBe(2);
  expect(report.originMessages).toBeLessThan(report.deliveries);
  expect(gateway.state().hubs[0]?.clients).toBe(clients);
});
