import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileHubRules } from "./compile.ts";
import { limitDefinitions } from "./limits.ts";
import { loadConfig } from "./load.ts";
import { jsonSchema } from "./schema.ts";
import { warnings } from "./warnings.ts";

function readText(path: string): string {
  return readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
}

const document = readText("docs/CONFIG.md");
/** Rows of tables, as cells. */
const rows = document
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly default?: unknown;
  readonly enum?: readonly string[];
}

function keysOf(node: SchemaNode): readonly (readonly [string, SchemaNode])[] {
  const own = Object.entries(node.properties ?? {});
  const within = node.items === undefined ? (node.anyOf ?? []) : [node.items];
  const children = [...own.map(([, child]) => child), ...within];
  return [...own, ...children.flatMap(keysOf)];
}

const keys = keysOf(jsonSchema());

test.each(keys)("docs/CONFIG.md has a row for %s with its default and its values", (key, node) => {
  const candidates = rows.filter((cells) => cells[1] === `\`${key}\``);
  expect(candidates).not.toEqual([]);
  if (node.default !== undefined && typeof node.default !== "object") {
    expect(candidates.map((cells) => cells[2])).toContain(`\`${node.default}\``);
  }
  // The values of a choice may be explained in a table or a paragraph of their own.
  const text = document.includes(`**\`${key}\`.**`) ? document : candidates.map((cells) => cells.join(" ")).join(" ");
  for (const value of node.enum ?? []) expect(text).toContain(`\`${value}\``);
});

test("docs/CONFIG.md describes no key that does not exist", () => {
  const known = new Set(keys.map(([key]) => key));
  const described = document
    .split(/^#+ /m)
    .filter((section) => section.includes("| key | default |"))
    .flatMap((section) => [...section.matchAll(/^\| `(\w+)` \|.*\|.*\|$/gm)].map((match) => match[1] ?? ""));
  const values = ["eager", "lazy", "never", "close", "rejoin", "ignore"];
  expect(described.filter((key) => !known.has(key) && !values.includes(key))).toEqual([]);
});

test.each(Object.entries(limitDefinitions))("docs/CONFIG.md says of %s what the schema says", (name, limit) => {
  const meaning = limit.description.charAt(0).toLowerCase() + limit.description.slice(1).replace(/\.$/, "");
  expect(rows).toContainEqual(["", `\`${name}\``, `\`${limit.default}\``, String(limit.max), meaning, ""]);
});

test("the transparent example is one hub without rules", () => {
  const result = loadConfig(readText("examples/transparent.yaml"), { environment: {}, fileName: "transparent.yaml" });
  expect(result).toMatchObject({
    ok: true,
    config: {
      listen: { port: 8080 },
      hubs: [{ path: "/hubs/odds", origin: "http://127.0.0.1:5000/hubs/odds", privateUpstream: "eager", groups: [] }],
    },
  });
  const environment = { PORT: "80", ORIGIN_URL: "https://app.example.com/hub" };
  expect(
    loadConfig(readText("examples/transparent.yaml"), { environment, fileName: "transparent.yaml" }),
  ).toMatchObject({ ok: true, config: { listen: { port: 80 }, hubs: [{ origin: "https://app.example.com/hub" }] } });
});

test("the odds example loads without a warning and says what its comments say", () => {
  const result = loadConfig(readText("examples/odds.yaml"), { environment: {}, fileName: "odds.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  expect(warnings(result.config)).toEqual([]);
  const [hub] = result.config.hubs;
  if (hub === undefined) throw new Error("no hub");
  const rules = compileHubRules(hub);
  expect([...rules.joins.keys()]).toEqual(["subscribetoevent"]);
  expect([...rules.leaves.keys()]).toEqual(["unsubscribefromevent"]);
  expect([...rules.targets.keys()]).toEqual(["OddsChanged", "EventSnapshot"]);
  expect(rules.targets.get("EventSnapshot")?.[0]?.to).toBe("joiner");
  expect(rules.targets.get("OddsChanged")?.[0]?.onSlow).toBe("conflate");
  expect([...rules.broadcasts.keys()]).toEqual(["ServiceMessage"]);
  expect(rules.calls.get("getevent")).toMatchObject({ ttlMs: 500, access: { kind: "public" } });
  expect([...rules.streams.keys()]).toEqual(["streamscore"]);
  expect(rules.partitionBy).toHaveLength(2);
});
