import { expect, test } from "vitest";
import { closeReasons } from "../close-reasons.ts";
import { Metrics } from "./metrics.ts";
import { exposition, gatewayFamilies, hubFamilies } from "./prometheus.ts";

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

/** Reads text exposition format 0.0.4 as a scraper does; throws on a line that is none. */
function scrape(metrics: Metrics): {
  readonly samples: readonly Sample[];
  readonly types: ReadonlyMap<string, string>;
} {
  const text = exposition(metrics);
  expect(text.endsWith("\n")).toBe(true);
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (comment !== null) {
      if (comment[1] === "TYPE") types.set(comment[2] ?? "", comment[3] ?? "");
      continue;
    }
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (-?[0-9.e+-]+)$/.exec(line);
    if (sample === null) throw new Error(`no sample: ${line}`);
    expect(types.has(sample[1] ?? "")).toBe(true);
    samples.push({ name: sample[1] ?? "", labels: sample[2] ?? "", value: Number(sample[3]) });
  }
  return { samples, types };
}

function sampleOf(metrics: Metrics, name: string, labels = ""): number | undefined {
  return scrape(metrics).samples.find((sample) => sample.name === name && sample.labels === labels)?.value;
}

test("every family has its type, and counters are named as such", () => {
  const metrics = new Metrics();
  metrics.hub("/hub");
  const { samples, types } = scrape(metrics);
  for (const { name, type } of [...hubFamilies, ...gatewayFamilies]) {
    expect(types.get(name)).toBe(type);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(samples.some((sample) => sample.name === name)).toBe(true);
  }
});

test("no family is declared twice, and no line is repeated", () => {
  const metrics = new Metrics();
  metrics.hub("/a");
  metrics.hub("/b");
  const lines = exposition(metrics)
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ [^ ]+$/, ""));
  expect(new Set(lines).size).toBe(lines.length);
});

test("values are those of the hub that the label names", () => {
  const metrics = new Metrics();
  metrics.hub("/a").deliveries = 7;
  metrics.hub("/b").deliveries = 9_007_199_254_740_991;
  metrics.negotiations = 3;
  expect(sampleOf(metrics, "signalr_edge_deliveries_total", 'hub="/a"')).toBe(7);
  expect(sampleOf(metrics, "signalr_edge_deliveries_total", 'hub="/b"')).toBe(9_007_199_254_740_991);
  expect(sampleOf(metrics, "signalr_edge_negotiations_total")).toBe(3);
});

test("every hub metric shows its own counter", () => {
  for (const { name, value } of hubFamilies) {
    const metrics = new Metrics();
    const hub = metrics.hub("/hub");
    const counters = [hub, hub.savings, hub.savings.rule("group", "event")].flatMap((owner) =>
      Object.entries(owner).flatMap(([key, count]) => (typeof count === "number" ? [{ owner, key, count }] : [])),
    );
    const counter = counters.find(({ owner, key, count }) => {
      Object.assign(owner, { [key]: count + 1 });
      const isShown = value(hub) === count + 1;
      if (!isShown) Object.assign(owner, { [key]: count });
      return isShown;
    });
    if (counter !== undefined) expect(sampleOf(metrics, name, 'hub="/hub"')).toBe(1);
    else expect(name).toBe("signalr_edge_clients");
  }
});

test("ends of connections are counted by every reason there is, from zero", () => {
  const metrics = new Metrics();
  metrics.hub("/hub").countClosed(closeReasons.slowConsumer);
  metrics.hub("/hub").countClosed(closeReasons.slowConsumer);
  for (const { name } of Object.values(closeReasons)) {
    const value = sampleOf(metrics, "signalr_edge_connections_closed_total", `hub="/hub",reason="${name}"`);
    expect(value).toBe(name === "slow-consumer" ? 2 : 0);
  }
});

test("a path with quotes, backslashes and line breaks stays one label", () => {
  const metrics = new Metrics();
  metrics.hub('/a"b\\c\nd').joins = 1;
  expect(sampleOf(metrics, "signalr_edge_joins_total", 'hub="/a\\"b\\\\c\\nd"')).toBe(1);
});

test("the process shows its CPU time and its memory", () => {
  expect(sampleOf(new Metrics(), "process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(sampleOf(new Metrics(), "process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
});
