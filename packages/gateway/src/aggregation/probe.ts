import type { CompletionPayload, Envelope, Frame } from "@signalr-edge/protocol";
import type { Clock } from "../clock.ts";
import type { GroupRule } from "../config/hub-rules.ts";
import type { HubSavings } from "../observe/savings.ts";
import type { GroupKey, NamedKey } from "./group-key.ts";
import { leaveArguments } from "./leave-arguments.ts";
import { Membership } from "./membership.ts";
import type { HubClient, InvocationOutcome } from "./ports.ts";
import { argumentsIdentity, rawArgumentsOf } from "./raw-arguments.ts";

/** One join whose permission the origin is being asked for. */
export interface Probe {
  readonly rule: GroupRule;
  /** What the hub sends for these keys on the private upstream is part of the question, and not for the client. */
  readonly keys: ReadonlySet<GroupKey>;
  /** False once the client has left again. */
  isWanted: boolean;
}

/** A join as it came from a client; the frame is kept until the origin has answered. */
export interface ProbedJoin {
  readonly rule: GroupRule;
  readonly ttlMs: number;
  readonly keys: readonly NamedKey[];
  readonly envelope: Envelope;
  readonly frame: Frame;
}

const maxVerdicts = 100_000;

/**
 * `access: probe` (aggregation.md 5): the client's own join is first invoked on its private upstream, purely as a question.
 * A refusal is relayed as it is. After a success the gateway leaves the group there and runs the ordinary shared join,
 * whose result the client gets, so that there is no seam between two streams. A yes is kept per credential, partition and
 * subscription, never beyond the client's token.
 */
export class ProbeTable {
  readonly #clock: Clock;
  readonly #savings: HubSavings;
  /** Until when a yes holds, by `verdictKey`; oldest first. */
  readonly #verdicts = new Map<string, number>();

  constructor(clock: Clock, savings: HubSavings) {
    this.#clock = clock;
    this.#savings = savings;
  }

  /** Calls `join` now or later if the origin allows it; else the client gets the origin's answer. */
  ask(client: HubClient, asked: ProbedJoin, join: (envelope: Envelope, frame: Frame) => void): void {
    const rawArguments = rawArgumentsOf(asked.envelope, asked.frame);
    const verdict = verdictKey(client, argumentsIdentity(asked.rule.name, rawArguments));
    if ((this.#verdicts.get(verdict) ?? 0) > this.#clock.now()) return join(asked.envelope, asked.frame);
    const probe: Probe = { rule: asked.rule, keys: new Set(asked.keys.map(({ key }) => key)), isWanted: true };
    client.membership ??= new Membership();
    client.membership.probes.add(probe);
    const kept = Buffer.from(asked.frame); // outlives the chunk
    this.#savings.countSent("group", asked.rule.name);
    client.invokePrivately(asked.rule.join.method, rawArguments, (outcome) => {
      if (outcome.kind === "lost" || outcome.payload.kind === "error") {
        client.membership?.probes.delete(probe);
        return answer(client, asked.envelope, refusalOf(outcome, asked));
      }
      this.#remember(verdict, client, asked.ttlMs);
      this.#leave(client, asked, probe);
      if (probe.isWanted) join(asked.envelope, kept);
      else answer(client, asked.envelope, outcome.payload);
    });
  }

  /** What still comes for the keys until the leave is done belongs to the question. */
  #leave(client: HubClient, { rule, keys }: ProbedJoin, probe: Probe): void {
    let pending = 0;
    for (const { scalars } of keys) {
      const rawArguments = leaveArguments(rule, client.protocol, scalars);
      if (rule.leave === undefined || rawArguments === undefined) continue;
      pending += 1;
      this.#savings.countSent("group", rule.name);
      client.invokePrivately(rule.leave.method, rawArguments, () => {
        pending -= 1;
        if (pending === 0) client.membership?.probes.delete(probe);
      });
    }
    if (pending === 0) client.membership?.probes.delete(probe);
  }

  #remember(verdict: string, { owner }: HubClient, ttlMs: number): void {
    const untilMs = Math.min(this.#clock.now() + ttlMs, owner.credentialExpiresAtMs);
    this.#verdicts.delete(verdict);
    this.#verdicts.set(verdict, untilMs);
    for (const oldest of this.#verdicts.keys()) {
      if (this.#verdicts.size <= maxVerdicts) return;
      this.#verdicts.delete(oldest);
    }
  }
}

/** The origin sees the partition, too; and the same bytes are other arguments in the other hub protocol. */
function verdictKey({ owner, partition, protocol }: HubClient, subscription: string): string {
  return `${owner.credential}\n${protocol.name}\n${partition.key.length}:${partition.key}\n${subscription}`;
}

function refusalOf(outcome: InvocationOutcome, { rule }: ProbedJoin): CompletionPayload {
  if (outcome.kind === "completed") return outcome.payload;
  return { kind: "error", error: `An unexpected error occurred invoking '${rule.join.method}' on the server.` };
}

function answer(client: HubClient, { invocationId }: Envelope, payload: CompletionPayload): void {
  if (invocationId !== undefined) client.complete(invocationId, payload);
}
