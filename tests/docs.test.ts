import { readFileSync } from "node:fs";
import { closeReasons } from "@signalr-edge/gateway";
import { expect, test } from "vitest";
import { gatewayFamilies, hubFamilies } from "../packages/gateway/src/observe/prometheus.ts";

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
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
  ];
  expect(firstCells(read("docs/METRICS.md")).sort()).toEqual([...inCode, ...others].sort());
});

test("every relative link in the documentation leads to a file", () => {
  for (const page of [
    "README.md",
    "CONTRIBUTING.md",
    "docs/ARCHITECTURE.md",
    "docs/CONFIG.md",
    "docs/AGGREGATION.md",
  ]) {
    for (const [, link = ""] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const base = new URL(`../${page}`, import.meta.url);
      expect(() => readFileSync(new URL(link, base)), `${link} in ${page}`).not.toThrow(/ENOENT/);
    }
  }
});
