import { type HubProtocolName, hubProtocols } from "@signalr-edge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KnownAnswers } from "../../packages/gateway/src/compare/compare-answers.ts";
import { comparePair, viewPair } from "../../packages/gateway/src/compare/compare-pair.ts";
import type { Difference } from "../../packages/gateway/src/compare/difference.ts";
import type { Entry, PairRecording, Role } from "../../packages/gateway/src/compare/recording.ts";
import { compileHubRules } from "../../packages/gateway/src/config/compile.ts";
import { loadConfig } from "../../packages/gateway/src/config/load.ts";

const group = {
  name: "event",
  access: "public",
  join: { method: "Join", key: "{0}" },
  messages: [{ target: "Changed", key: "{0.id}" }],
};
const loaded = loadConfig(
  JSON.stringify({ hubs: [{ path: "/hub", origin: "http://127.0.0.1/hub", groups: [group] }] }),
  { format: "json", environment: {}, fileName: "test" },
);
const [rules] = loaded.ok ? loaded.config.hubs.map(compileHubRules) : [];
if (rules === undefined) throw new Error("the rules do not load");
const hubRules = rules;

const keys = [1, 2, 3];
/** When the n-th message of the run leaves the hub. */
const sentAtMs = (index: number): number => 1000 + index * 10;
/** Nothing is on its way for longer. */
const maxLatencyMs = 50;

/** One message of the hub. */
interface Message {
  readonly key: number;
  readonly value: number;
}

/** How a client was there: from and to which message, and how late each key's messages come, which mixes the keys. */
interface Presence {
  readonly head: number;
  readonly tail: number;
  readonly latencies: readonly number[];
}

interface Run {
  readonly protocol: HubProtocolName;
  readonly messages: readonly Message[];
  readonly presences: Readonly<Record<Role, Presence>>;
}

const presence: fc.Arbitrary<Presence> = fc.record({
  head: fc.nat(5),
  tail: fc.nat(5),
  latencies: fc.tuple(fc.nat(maxLatencyMs), fc.nat(maxLatencyMs), fc.nat(maxLatencyMs)),
});

const runs: fc.Arbitrary<Run> = fc.record({
  protocol: fc.constantFrom("json", "messagepack"),
  // Few values: the same message comes again and again.
  messages: fc.array(fc.record({ key: fc.constantFrom(...keys), value: fc.nat(3) }), { minLength: 40, maxLength: 80 }),
  presences: fc.record({ direct: presence, gateway: presence, control: presence }),
});

type Change = (received: readonly Message[]) => readonly Message[];
const asItIs: Change = (received) => received;

/** The hub's messages as a client got them, key by key in order. `change`: what a faulty gateway makes of them. */
function recordClient(run: Run, role: Role, change: Change): readonly Entry[] {
  const protocol = hubProtocols[run.protocol];
  const { head, tail, latencies } = run.presences[role];
  const entry = (kind: "sent" | "received", atMs: number, message: Parameters<typeof protocol.write>[0]): Entry => {
    const frame = protocol.write(message);
    return { kind, atMs, frame, envelope: protocol.peek(frame) };
  };
  const joins = keys.flatMap((key, index) => {
    const invocationId = String(index);
    return [
      entry("sent", 10, { type: 1, invocationId, target: "Join", arguments: [key] }),
      entry("received", 11, { type: 3, invocationId, result: `snapshot ${key}` }),
    ];
  });
  const received = change(run.messages).map((message, index) => ({ message, index }));
  const present = received.slice(head, received.length - tail).map(({ message, index }) => {
    const atMs = sentAtMs(index) + (latencies[message.key - 1] ?? 0);
    const payload = { id: message.key, value: message.value };
    return entry("received", atMs, { type: 1, target: "Changed", arguments: [payload] });
  });
  const inTime = present.toSorted((left, right) => left.atMs - right.atMs);
  return [{ kind: "connected", atMs: 0, connectionId: `${role} connection` }, ...joins, ...inTime];
}

function differencesOf(run: Run, change: Change): readonly Difference[] {
  const { protocol, messages } = run;
  const client = (role: Role) => ({
    role,
    protocol,
    entries: recordClient(run, role, role === "gateway" ? change : asItIs),
  });
  const clients = { direct: client("direct"), gateway: client("gateway"), control: client("control") };
  const quiet = [{ fromMs: sentAtMs(6) + maxLatencyMs, untilMs: sentAtMs(messages.length - 7) }];
  const recording: PairRecording = { pair: 1, pass: 1, protocol, clients, quiet };
  const views = viewPair(recording, hubRules);
  const settings = { ignore: [], marginMs: maxLatencyMs };
  return comparePair(recording, views, hubRules, settings, { known: new KnownAnswers(), caller: "all" }).differences;
}

describe("recordings of one pair", () => {
  test("that interleave the keys in another way, begin and end at other times, have no difference", () => {
    fc.assert(
      fc.property(runs, (run) => {
        expect(differencesOf(run, asItIs)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  // Numbered values: of messages that are all alike nobody can say which one is missing.
  const numbered = runs.chain((run) => {
    const messages = run.messages.map(({ key }, value) => ({ key, value }));
    return fc.record({
      run: fc.constant({ ...run, messages }),
      at: fc.integer({ min: 15, max: messages.length - 15 }),
    });
  });
  const other = (key: number): number => (key % keys.length) + 1;
  const faults: Readonly<
    Record<string, { readonly change: (at: number) => Change; readonly kinds: readonly string[] }>
  > = {
    "a lost message": { change: (at) => (all) => all.toSpliced(at, 1), kinds: ["missing"] },
    "a message in another form": {
      change: (at) => (all) => all.map((one, index) => (index === at ? { ...one, value: -1 } : one)),
      kinds: ["different"],
    },
    "a message that came twice": {
      change: (at) => (all) => all.toSpliced(at, 0, ...all.slice(at, at + 1)),
      kinds: ["extra"],
    },
    "a message that the hub never sent": {
      change: (at) => (all) => all.toSpliced(at, 0, { key: all[at]?.key ?? 1, value: -1 }),
      kinds: ["extra"],
    },
    "a message under the key of another": {
      change: (at) => (all) => all.map((one, index) => (index === at ? { ...one, key: other(one.key) } : one)),
      kinds: ["missing", "extra"],
    },
  };
  for (const [name, { change, kinds }] of Object.entries(faults)) {
    test(`show ${name}`, () => {
      fc.assert(
        fc.property(numbered, ({ run, at }) => {
          const found = differencesOf(run, change(at));
          expect(found.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
        }),
        { numRuns: 300 },
      );
    });
  }

  test("show two messages of one key that changed places, wherever other keys stand between them", () => {
    fc.assert(
      fc.property(numbered, ({ run, at }) => {
        const first = run.messages[at];
        const next = run.messages.findIndex(({ key }, index) => index > at && key === first?.key);
        fc.pre(first !== undefined && next !== -1 && next < run.messages.length - 10);
        const second = run.messages[next];
        const swapped: Change = (all) =>
          all.map((one, index) => (index === at ? (second ?? one) : index === next ? first : one));
        expect(differencesOf(run, swapped).map(({ kind }) => kind)).toEqual(["reordered"]);
      }),
      { numRuns: 300 },
    );
  });
});
