import { readdirSync, readFileSync } from "node:fs";
import { closeReasons, loadConfig } from "@signalr-edge/gateway";
import { expect, test } from "vitest";
import { readScenario, scenarioKeys } from "../packages/gateway/src/compare/read-scenario.ts";
import { warnings } from "../packages/gateway/src/config/warnings.ts";
import { seriesNames } from "../packages/gateway/src/observe/history.ts";
import { gatewayFamilies, hubFamilies } from "../packages/gateway/src/observe/prometheus.ts";
import { mutants } from "./simulation/mutants.ts";

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
}

/** First cells of table rows that are code. */
function firstCells(markdown: string): string[] {
  return [...markdown.matchAll(/^\| `([^`]+)` *\|/gm)].flatMap((match) => match[1] ?? []);
}

test("docs/CLOSE-REASONS.md lists every close reason and no other", () => {
  const inCode = Object.values(closeReasons).map(({ name }) => name);
  expect(firstCells(read("docs/CLOSE-REASONS.md")).sort()).toEqual([...inCode].sort());
});

test("docs/METRICS.md lists every metric and no other", () => {
  const inCode = [...hubFamilies, ...gatewayFamilies].map(({ name }) => name);
  const others = [
    "signalr_edge_connections_closed_total",
    "signalr_edge_limit_refusals_total",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
  ];
  expect(firstCells(read("docs/METRICS.md")).sort()).toEqual([...inCode, ...others].sort());
});

test("docs/DASHBOARD.md lists every series of the feed, in order", () => {
  expect(firstCells(read("docs/DASHBOARD.md"))).toEqual([...seriesNames]);
});

test("docs/compare.md has a row for every key of a scenario, with its default, and its scenarios are valid", () => {
  const page = read("docs/compare.md");
  const section = page.slice(page.indexOf("## The scenario"), page.indexOf("| step | does |"));
  expect(firstCells(section).sort()).toEqual([...scenarioKeys].sort());
  const least = readScenario("steps: [connect]", { fileName: "least.yaml", environment: {} });
  if (!least.ok) throw new Error("the least scenario is wrong");
  for (const [, key = "", value] of section.matchAll(/^\| `(\w+)` \| `(\d+)` \|/gm)) {
    expect(new Map<string, unknown>(Object.entries(least.scenario)).get(key), key).toBe(Number(value));
  }
  const blocks = [...page.matchAll(/```yaml\n([^`]+)```/g)].map(([, text = ""]) => text);
  expect(blocks).toHaveLength(2);
  for (const text of blocks) {
    expect(readScenario(text, { fileName: "example.yaml", environment: {} })).toMatchObject({ ok: true });
  }
});

test("docs/simulation.md lists every mutant and no other", () => {
  const [, table = ""] = read("docs/simulation.md").split("## Mutants");
  const listed = Array.from(table.matchAll(/^\| (.+) \| [\w-]+ \| \d+ \|$/gm), ([, name]) => name);
  expect(listed.sort()).toEqual(mutants.map(({ name }) => name).sort());
});

test("every relative link in the documentation leads to a file", () => {
  const pages = readdirSync(new URL("../docs/", import.meta.url)).filter((name) => name.endsWith(".md"));
  for (const page of ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...pages.map((name) => `docs/${name}`)]) {
    for (const [, link = ""] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const base = new URL(`../${page}`, import.meta.url);
      expect(() => readFileSync(new URL(link, base)), `${link} in ${page}`).not.toThrow(/ENOENT/);
    }
  }
});

test("every configuration in the documentation is a valid file", () => {
  const pages = ["README.md", "packages/gateway/README.md", "docs/rules-guide.md"];
  const blocks = pages.flatMap((page) => [...read(page).matchAll(/```yaml\n(hubs:|listen:)([^`]+)```/g)]);
  expect(blocks.length).toBeGreaterThan(7);
  for (const [, first = "", rest = ""] of blocks) {
    const loaded = loadConfig(first + rest, { environment: { ORIGIN_TOKEN: "token" }, fileName: "example.yaml" });
    expect(loaded.ok ? [] : loaded.errors).toEqual([]);
    if (loaded.ok) expect(warnings(loaded.config).filter((warning) => !warning.startsWith("listen.host"))).toEqual([]);
  }
});

test("docs/aggregation-proof.md names for each rule of aggregation the tests that name it", () => {
  const rows = [...read("docs/aggregation-proof.md").matchAll(/^\| (R-\d\d) \|[^|]+\|([^|]+)\|$/gm)];
  const rules = rows.map(([, rule]) => rule);
  const numbers = [1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 30, 31, 32];
  expect(rules).toEqual(numbers.map((number) => `R-${String(number).padStart(2, "0")}`));
  for (const [, rule = "", files = ""] of rows) {
    const paths = [...files.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);
    expect(paths, rule).not.toEqual([]);
    for (const path of paths) expect(read(`tests/${path}`), path).toContain(rule);
  }
});
