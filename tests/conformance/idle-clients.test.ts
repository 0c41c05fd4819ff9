import { beforeAll, describe, expect, test } from "vitest";
import { buildCommand } from "../support/command.ts";
import { cpuSecondsOf, cpuTimeAvailable } from "../support/cpu-time.ts";
import { RawClient } from "../support/raw-client.ts";
import { type LoadTarget, loadSides } from "./load-targets.ts";
import { isFullSize, ownProcesses } from "./targets.ts";

const clientCount = isFullSize ? 5000 : 1000;
const connectingAtOnce = 50;
/** What clients of the packages do. */
const clientPingIntervalMs = 15_000;
/** Of one CPU, whatever the number: .NET takes half of that by itself. */
const maxCpuShare = 0.1;

/** Q244, on all sides at the same time: they wait for the same clock. */
for (const side of loadSides) {
  describe.skipIf(!ownProcesses || !cpuTimeAvailable).concurrent(side.name, () => {
    describe("ASP.NET Core", () => {
      beforeAll(buildCommand);

      test("Q244 thousands of idle WebSockets cost next to no CPU, and each gets its pings in time", {
        timeout: 180_000,
      }, async ({ onTestFinished }) => {
        const target = await side.start();
        onTestFinished(() => target.stop());
        const clients = await connectAll(target, onTestFinished);
        const startedAt = performance.now();
        const cpuSecondsBefore = cpuSecondsOf(target.pid);
        await Promise.all(clients.map((client) => expectPingsInTime(client)));
        const cpuSeconds = cpuSecondsOf(target.pid) - cpuSecondsBefore;
        const share = cpuSeconds / ((performance.now() - startedAt) / 1000);
        console.log(`${side.name}: ${clientCount} idle clients take ${(share * 100).toFixed(1)} % of one CPU`);
        expect(share).toBeLessThan(maxCpuShare);
        for (const client of clients) expect(client.frames).toEqual([]);
      });
    });
  });
}

async function connectAll(target: LoadTarget, onTestFinished: (end: () => void) => void): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  const connectSome = async (): Promise<void> => {
    while (clients.length + connectingAtOnce <= clientCount) {
      const client = await RawClient.connect({ url: target.hubUrl });
      clients.push(client);
      const pings = setInterval(() => client.send(client.wire.ping), clientPingIntervalMs);
      onTestFinished(() => {
        clearInterval(pings);
        client.socket.terminate();
      });
    }
  };
  await Promise.all(Array.from({ length: connectingAtOnce }, connectSome));
  return clients;
}

/** Two pings from now on; while thousands connect, nobody is idle. */
async function expectPingsInTime({ log, closed }: RawClient): Promise<void> {
  const count = log.pings.length;
  const startedAt = performance.now();
  const ended = closed.then(({ code }) => {
    throw new Error(`an idle client was closed with ${code}`);
  });
  await Promise.race([log.until(() => log.pings[count + 1], "two more pings", 40_000), ended]);
  const [first = 0, second = 0] = log.pings.slice(count);
  expect(Math.max(first - startedAt, second - first)).toBeLessThan(16_500);
}
