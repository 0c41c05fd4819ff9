import { hubProtocols } from "@signalr-edge/protocol";
import { expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import { closeReasons } from "../close-reasons.ts";
import { silentLogger } from "../observe/log.ts";
import { HubMetrics } from "../observe/metrics.ts";
import { invocation, onlyGroup, rulesOf } from "./compiled-rules.testing.ts";
import type { GroupKey } from "./group-key.ts";
import { Hub } from "./hub.ts";
import { describePlace, type LinePlace, primaryPlace } from "./line-place.ts";
import { LineTable, type RunningLine } from "./line-table.ts";
import type { Membership } from "./membership.ts";
import type { Partition, PartitionKey } from "./partition-key.ts";
import type { GroupSource, HubClient } from "./ports.ts";
import { SharedLine } from "./shared-line.ts";
import { SpreadCloser } from "./spread-closer.ts";

const idleMs = 1000;
const protocol = hubProtocols.json;
const rules = rulesOf([
  { name: "chat", join: { method: "Enter", key: "{0}" }, messages: [{ target: "Said" }], upstream: "perKey" },
]);
const rule = onlyGroup(rules);

function partition(key: string): Partition {
  return { key: key as PartitionKey, query: [], headers: [] };
}

function keyPlace(text: string): LinePlace {
  return { kind: "key", rule: rule.name, key: `n4:chats${text.length}:${text}` as GroupKey };
}

/** A connection that never opens. */
const closedSource: GroupSource = {
  isOpen: false,
  open() {},
  invoke: () => expect.fail("not open"),
  stream: () => expect.fail("not open"),
  complete: () => expect.fail("not open"),
};

/** Lines by what they serve, as they are opened and closed. */
function setUp(maxPerKeyUpstreams: number) {
  const metrics = new HubMetrics();
  const opened: string[] = [];
  const closed: string[] = [];
  const swept: number[] = [];
  const parts = { source: closedSource, clock: systemClock, metrics, log: silentLogger };
  const gapCloser = new SpreadCloser(systemClock, closeReasons.gap, 1);
  const limits = { maxJoinsInFlight: 1, maxWaitingJoins: 10, maxCalls: 1, maxStreams: 1, broadcastRules: [] };
  const lines = new LineTable({
    metrics,
    log: silentLogger,
    hub: "/hub",
    limits: { maxPerKeyUpstreams },
    idleMs,
    create: (client, place): RunningLine => {
      const name = `${client.partition.key} ${client.protocol.name} ${Object.values(describePlace(place)).join()}`;
      opened.push(name);
      return {
        client,
        line: new SharedLine(client.protocol, { ...parts, ...limits, gapCloser, place }),
        upstream: { stateName: "idle", sweep: (nowMs) => swept.push(nowMs), close: () => closed.push(name) },
      };
    },
  });
  return { lines, metrics, opened, closed, swept };
}

function client(partitionKey = "p"): HubClient & { readonly answers: unknown[] } {
  const answers: unknown[] = [];
  return {
    partition: partition(partitionKey),
    protocol,
    owner: { identity: undefined, credential: "", credentialExpiresAtMs: Number.POSITIVE_INFINITY },
    membership: undefined as Membership | undefined,
    write: () => {},
    letGo: () => {},
    complete: (_invocationId, payload) => answers.push(payload),
    passThrough: () => expect.fail("nothing passes through"),
    close: () => {},
    invokePrivately: () => expect.fail("nothing is probed"),
    answers,
  };
}

test("partition, hub protocol and place each tell lines apart, and the same line is made once", () => {
  const { lines, opened } = setUp(10);
  const places = [primaryPlace, { kind: "shard", shard: 1 } as const, keyPlace("a"), keyPlace("1")];
  for (const name of ["json", "messagepack"] as const) {
    for (const key of ["p", "p 0"]) {
      const asked = { partition: partition(key), protocol: hubProtocols[name] };
      for (const place of [...places, ...places]) expect(lines.at(asked, place)).toBe(lines.at(asked, place));
      expect(lines.primary(asked)).toBe(lines.find(asked, primaryPlace));
    }
  }
  expect(new Set(opened).size).toBe(opened.length);
  expect(opened).toHaveLength(2 * 2 * places.length);
});

test("a line that nobody needs is retired when it has been idle for long enough, and made anew when it is needed", () => {
  const { lines, opened, closed, swept } = setUp(10);
  const asked = client();
  const first = lines.primary(asked);
  lines.sweep(0);
  lines.sweep(idleMs - 1);
  expect([closed, swept]).toEqual([[], [0, idleMs - 1]]);
  first.broadcasts.follow(asked, () => {});
  lines.sweep(idleMs);
  first.broadcasts.unfollow(asked);
  lines.sweep(idleMs + 1);
  lines.sweep(2 * idleMs);
  expect(closed).toEqual([]);
  lines.sweep(2 * idleMs + 1);
  expect(closed).toEqual(["p json 0"]);
  expect(lines.find(asked, primaryPlace)).toBeUndefined();
  expect(lines.primary(asked)).not.toBe(first);
  expect(opened).toEqual(["p json 0", "p json 0"]);
});

test("lines of keys are bounded, those that nobody needs make room, and no other line counts", () => {
  const { lines, metrics, closed } = setUp(2);
  const asked = client();
  const hub = new Hub({
    rules,
    metrics,
    clock: systemClock,
    limits: { maxGroupsPerClient: 10, maxGroupsPerAddress: 10, maxGroups: 10, maxJoinsPerSecond: 50 },
    groupCount: () => 0,
    lines,
    deflate: undefined,
  });
  const join = (room: string): void => {
    const { envelope, frame } = invocation("json", { target: "Enter", arguments: [room], invocationId: room });
    hub.receiveFromClient(asked, envelope, frame);
  };
  lines.primary(asked);
  join("a");
  join("b");
  expect([asked.answers, metrics.perKeyUpstreams, metrics.perKeyRefusals]).toEqual([[], 2, 0]);
  join("c");
  const error =
    "Failed to invoke 'Enter' due to an error on the server. HubException: Too many groups have an upstream of their own.";
  expect(asked.answers).toEqual([{ kind: "error", error }]);
  expect([metrics.perKeyUpstreams, metrics.perKeyRefusals]).toEqual([2, 1]);
  hub.clientGone(asked);
  join("c");
  expect(closed).toEqual(["p json chat:a"]);
  expect([metrics.perKeyUpstreams, metrics.perKeyRefusals]).toEqual([2, 1]);
  lines.close();
  expect(metrics.perKeyUpstreams).toBe(0);
});
