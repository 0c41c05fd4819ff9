import { describe, expect, test } from "vitest";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { describeChurn } from "./describe.ts";
import { marketGroups } from "./market-values.ts";
import { runChurn } from "./run-churn.ts";
import { runRecovery } from "./run-recovery.ts";
import { runStorm } from "./run-storm.ts";

/** Short slices of `npm run churn`. */
describe.skipIf(!aspNetOriginAvailable)("churn", { timeout: 120_000 }, () => {
  const slice = { seconds: 10, kills: 1, clients: 100, topics: 20, perSecond: 1_000 };

  test("R-12 R-20 R-30 clients that come and go while the origin is killed miss nothing, get nothing twice, and are told of the gap", async () => {
    const seed = newSeed();
    const options = { ...slice, seed };
    const report = await runChurn(options);
    const { verdicts, published } = report;
    expect(verdicts.faultCount, describeChurn(options, report)).toBe(0);
    expect(published).toBeGreaterThan(slice.perSecond);
    expect(verdicts.deliveries).toBeGreaterThan(published);
    expect(verdicts.toldByClose).toBeGreaterThan(0);
    expect(verdicts.toldBySnapshot).toBeGreaterThan(0);
    expect(verdicts.privateAnswers).toBeGreaterThan(0);
  });

  test("a gateway that says nothing of the gap is found out", async () => {
    const groups = marketGroups({ onGap: "ignore" });
    const { verdicts } = await runChurn({ ...slice, seconds: 6, seed: newSeed(), groups, patienceMs: 10_000 });
    expect(verdicts.faults.silentHoles).toBeGreaterThan(0);
  });

  test("R-24 2,000 clients that join the same 40 topics within 2 s cost the origin at most 3 calls per topic and hub protocol, with cached results", async () => {
    const options = { clients: 2_000, topics: 40, withinMs: 2_000, joinResult: "cached" } as const;
    const { verdicts, originJoins } = await runStorm(options);
    expect(verdicts.examples).toEqual([]);
    expect(verdicts.joins).toBe(options.clients * options.topics);
    for (const joins of Object.values(originJoins)) {
      expect(joins).toBeGreaterThanOrEqual(options.topics);
      expect(joins).toBeLessThanOrEqual(3 * options.topics);
    }
  });

  test("R-21 with fresh results they share calls all the same, and each has a snapshot of its own time", async () => {
    // How many share a call depends on how long it takes: an origin that answers at once is asked thousands of times.
    const options = { clients: 2_000, topics: 40, withinMs: 2_000, joinResult: "fresh", originJoinMs: 20 } as const;
    const { verdicts, originJoins } = await runStorm(options);
    expect(verdicts.examples).toEqual([]);
    expect(verdicts.snapshots).toBe(options.clients * options.topics);
    // One of a hundred clients at most has a call to itself.
    for (const joins of Object.values(originJoins)) {
      expect(joins).toBeLessThanOrEqual((options.clients * options.topics) / 2 / 100);
    }
  });

  test("R-31 after a death of the origin its groups flow again as fast as it takes their joins, and nobody is disconnected", async () => {
    const options = { groups: 200, joinMs: 10, shards: 1 };
    const { almostAllMs, connectionsLost } = await runRecovery(options);
    expect(connectionsLost).toBe(0);
    // The joins one after another, the wait for the next attempt, and a machine that has other things to do.
    expect(almostAllMs).toBeLessThan(options.groups * options.joinMs * 1.5 + 4_000);
    expect(almostAllMs).toBeGreaterThan(options.groups * options.joinMs * 0.5);
  });

  test("R-31 1,000 groups over ten shared connections flow again within 5 s", async () => {
    const { almostAllMs, connectionsLost } = await runRecovery({ groups: 1_000, joinMs: 10, shards: 10 });
    expect(connectionsLost).toBe(0);
    expect(almostAllMs).toBeLessThanOrEqual(5_000);
  });
});

function newSeed(): number {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  return seed;
}
