import { setTimeout as delay } from "node:timers/promises";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { fillIn, fillInStep, pickVariables } from "./fill-in.ts";
import type { Entry, Interval, PairRecording, Role } from "./recording.ts";
import { roles } from "./recording.ts";
import type { Scenario, Step, WaitStep } from "./scenario.ts";
import { ScenarioClient } from "./scenario-client.ts";

export interface PairOptions {
  readonly scenario: Scenario;
  /** From 1. */
  readonly pair: number;
  readonly pass: number;
  readonly protocol: HubProtocolName;
  /** URLs of the hub, without a query. */
  readonly urls: Readonly<Record<Role, string>>;
  readonly now: () => number;
  readonly recorded: (role: Role, entry: Entry) => void;
  /** Cuts waits short and leaves out the steps that have not begun. */
  readonly interrupted: AbortSignal;
}

type Clients = Readonly<Record<Role, ScenarioClient>>;

/**
 * One pass of one pair through the steps. Each step is taken by the direct client, then by the one of the gateway, then
 * by the control: so an answer through the gateway lies between two direct ones. Streams and waits are common to all.
 */
export async function runPair(options: PairOptions): Promise<PairRecording> {
  const { scenario, pair, pass, protocol, interrupted } = options;
  const variables = pickVariables(scenario, pair, pass);
  const clients = createClients(options);
  const quiet: Interval[] = [];
  try {
    await pause(((pair - 1) / scenario.pairs) * scenario.spreadMs, interrupted);
    for (const step of scenario.steps) {
      if (interrupted.aborted || roles.some((role) => !clients[role].isUsable)) break;
      await takeStep(options, clients, fillInStep(step, variables), quiet);
    }
    // What is on its way may still arrive.
    await pause(scenario.marginMs, interrupted);
  } finally {
    await Promise.all(roles.map((role) => clients[role].stop()));
  }
  const { direct, gateway, control } = clients;
  const recordings = { direct: direct.recording, gateway: gateway.recording, control: control.recording };
  return { pair, pass, protocol, clients: recordings, quiet };
}

async function takeStep(options: PairOptions, clients: Clients, step: Step, quiet: Interval[]): Promise<void> {
  const { now, scenario } = options;
  if (step.kind === "stream") {
    await Promise.all(roles.map((role) => clients[role].take(step)));
    return;
  }
  for (const role of roles) await clients[role].take(step);
  if (step.kind !== "wait") return;
  const fromMs = now() + scenario.marginMs;
  await wait(options, clients, step);
  quiet.push({ fromMs, untilMs: now() - scenario.marginMs });
}

const pollMs = 20;

async function wait({ now, interrupted }: PairOptions, clients: Clients, { seconds, until }: WaitStep): Promise<void> {
  if (until === undefined) return pause(seconds * 1000, interrupted);
  const { target, count } = until;
  const wanted = roles.map((role) => ({ role, total: clients[role].receivedCount(target) + count }));
  const endsAt = now() + seconds * 1000;
  const isDone = (): boolean => wanted.every(({ role, total }) => clients[role].receivedCount(target) >= total);
  while (now() < endsAt && !interrupted.aborted && !isDone()) await pause(pollMs, interrupted);
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function createClients(options: PairOptions): Clients {
  const { scenario, pair, pass, protocol, urls, now, recorded } = options;
  const variables = pickVariables(scenario, pair, pass);
  const text = (value: string): string => String(fillIn(value, variables));
  const filled = (texts: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, text(value)]));
  const query = new URLSearchParams(filled(scenario.query));
  const create = (role: Role): ScenarioClient =>
    new ScenarioClient({
      role,
      protocol,
      url: query.size === 0 ? urls[role] : `${urls[role]}?${query}`,
      transport: scenario.transport,
      accessToken: scenario.accessToken === undefined ? undefined : text(scenario.accessToken),
      headers: filled(scenario.headers),
      answers: scenario.answers,
      answerTimeoutMs: scenario.answerTimeoutMs,
      now,
      recorded: (entry) => recorded(role, entry),
    });
  return { direct: create("direct"), gateway: create("gateway"), control: create("control") };
}
