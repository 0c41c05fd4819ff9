import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { describeChurn, describeRecovery, describeStorm } from "./describe.ts";
import { runChurn } from "./run-churn.ts";
import { runRecovery } from "./run-recovery.ts";
import { runStorm } from "./run-storm.ts";

const usage = `npm run churn --            clients come and go while the origin is killed
    [--seconds 60] [--kills 5] [--seed S] [--clients 300] [--topics 50] [--per-second 5000]
npm run churn -- storm      many clients join the same topics at once
    [--clients 10000] [--topics 40] [--within-ms 2000] [--cached]
npm run churn -- recovery   time until all groups flow again after a death of the origin
    [--topics 1000] [--join-ms 10] [--shards 10]`;

/** Runs a load against the ASP.NET Core origin through the gateway. Returns the exit code: 1 if something must not be. */
export async function main(commandLine: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: commandLine,
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      seconds: { type: "string" },
      kills: { type: "string" },
      clients: { type: "string" },
      topics: { type: "string" },
      "per-second": { type: "string" },
      "within-ms": { type: "string" },
      "join-ms": { type: "string" },
      shards: { type: "string" },
      cached: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [load = "churn"] = positionals;
  const runLoad = loads[load];
  if (values.help || runLoad === undefined) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  console.log(`${availableParallelism()} cores, Node ${process.version}`);
  return (await runLoad(wholeNumbers(values), values.cached)) ? 0 : 1;
}

/** Run with the numbers of the command line; true if nothing happened that must not. */
const loads: Readonly<
  Record<string, (given: Readonly<Record<string, number>>, isCached: boolean) => Promise<boolean>>
> = {
  churn: async (given) => {
    const options = {
      seed: given.seed ?? Math.floor(Math.random() * 2 ** 31),
      seconds: given.seconds ?? 60,
      kills: given.kills ?? 5,
      clients: given.clients ?? 300,
      topics: given.topics ?? 50,
      perSecond: given["per-second"] ?? 5_000,
    };
    console.log(`seed ${options.seed}`);
    const report = await runChurn(options);
    console.log(describeChurn(options, report));
    return report.verdicts.faultCount === 0 && report.verdicts.deliveries > 0;
  },
  storm: async (given, isCached) => {
    const options = {
      clients: given.clients ?? 10_000,
      topics: given.topics ?? 40,
      withinMs: given["within-ms"] ?? 2_000,
      joinResult: isCached ? "cached" : "fresh",
    } as const;
    const report = await runStorm(options);
    console.log(describeStorm(options, report));
    const mostJoins = Math.max(...Object.values(report.originJoins));
    // How often fresh results are asked for depends on how long the origin takes to answer.
    return report.verdicts.faultCount === 0 && mostJoins > 0 && (!isCached || mostJoins <= 3 * options.topics);
  },
  recovery: async (given) => {
    const options = { groups: given.topics ?? 1_000, joinMs: given["join-ms"] ?? 10, shards: given.shards ?? 10 };
    const report = await runRecovery(options);
    console.log(describeRecovery(options, report));
    return report.connectionsLost === 0 && report.almostAllMs <= 5_000;
  },
};

function wholeNumbers(values: Readonly<Record<string, string | boolean | undefined>>): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, text] of Object.entries(values)) {
    if (typeof text !== "string") continue;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not "${text}"`);
    numbers[name] = value;
  }
  return numbers;
}
