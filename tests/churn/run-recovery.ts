import { setTimeout as pause } from "node:timers/promises";
import { LightClient } from "./light-client.ts";
import { MarketRig } from "./market-rig.ts";
import { marketGroups, methodsOf, readTopicMessage } from "./market-values.ts";

export interface RecoveryOptions {
  readonly groups: number;
  /** How long the origin takes for one join. It runs the hub methods of one connection one after another. */
  readonly joinMs: number;
  /** Connections to the origin that share the groups. */
  readonly shards: number;
}

export interface RecoveryReport {
  /** From the new origin process listening to the first message of 99 % of the groups, and of all. */
  readonly almostAllMs: number;
  readonly allMs: number;
  readonly connectionsLost: number;
}

const groupsPerClient = 20;
const messagesPerSecond = 4;
const patienceMs = 60_000;

/** Kills the origin behind groups whose members stay, and measures how long it takes until all of them flow again. */
export async function runRecovery({ groups, joinMs, shards }: RecoveryOptions): Promise<RecoveryReport> {
  const rig = await MarketRig.start({
    market: { topics: groups, perSecond: messagesPerSecond, joinMs },
    groups: marketGroups({ onGap: "ignore" }),
    hub: shards === 1 ? {} : { sharedUpstream: { shards } },
  });
  try {
    return await measure(rig, groups);
  } finally {
    await rig.stop();
  }
}

async function measure(rig: MarketRig, groups: number): Promise<RecoveryReport> {
  /** When a topic's first message of an epoch came, by epoch. */
  const firsts = new Map<number, Map<number, number>>();
  let connectionsLost = 0;
  let isOver = false;
  const clients: LightClient[] = [];
  for (let first = 0; first < groups; first += groupsPerClient) {
    const client = await LightClient.connect(rig.hubUrl, "json", {
      received: (message) => {
        const value = readTopicMessage(message);
        if (value === undefined || value.isSnapshot) return;
        const topics = firsts.get(value.epoch) ?? new Map<number, number>();
        firsts.set(value.epoch, topics);
        if (!topics.has(value.topic)) topics.set(value.topic, performance.now());
      },
      ended: () => {
        if (!isOver) connectionsLost += 1;
      },
    });
    clients.push(client);
    for (let topic = first; topic < Math.min(groups, first + groupsPerClient); topic++) {
      client.send({ type: 1, invocationId: String(topic), target: methodsOf(topic).join, arguments: [topic] });
    }
  }
  await untilAllFlow(firsts, (await rig.market()).epoch, groups);
  await rig.killOrigin();
  const listeningAtMs = performance.now();
  const { epoch } = await rig.market();
  const delays = (await untilAllFlow(firsts, epoch, groups)).map((atMs) => atMs - listeningAtMs).sort((a, b) => a - b);
  isOver = true;
  for (const client of clients) client.terminate();
  return {
    almostAllMs: Math.round(delays[Math.ceil(0.99 * groups) - 1] ?? Number.NaN),
    allMs: Math.round(delays.at(-1) ?? Number.NaN),
    connectionsLost,
  };
}

async function untilAllFlow(
  firsts: ReadonlyMap<number, ReadonlyMap<number, number>>,
  epoch: number,
  groups: number,
): Promise<number[]> {
  const deadlineMs = performance.now() + patienceMs;
  while (firsts.get(epoch)?.size !== groups) {
    if (performance.now() > deadlineMs) {
      throw new Error(`${firsts.get(epoch)?.size ?? 0} of ${groups} groups flow after ${patienceMs} ms`);
    }
    await pause(20);
  }
  return [...(firsts.get(epoch)?.values() ?? [])];
}
