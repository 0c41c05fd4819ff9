import { expect, test } from "vitest";
import { limitDefinitions } from "./limits.ts";
import { checkShape, jsonSchema } from "./schema.ts";

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly additionalProperties?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
}

const schema: SchemaNode & { readonly $schema?: string; readonly title?: string } = jsonSchema();

function visit(node: SchemaNode, path: string, report: (path: string, node: SchemaNode) => void): void {
  report(path, node);
  for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, `${path}.${key}`, report);
  // The alternatives of a value are described where the value is.
  for (const alternative of node.anyOf ?? []) {
    for (const [key, child] of Object.entries(alternative.properties ?? {})) visit(child, `${path}.${key}`, report);
  }
  if (node.items?.properties !== undefined) visit(node.items, `${path}[]`, report);
}

test("the JSON Schema names its draft, and every key in it has a description", () => {
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(schema.title).toBe("signalr-edge configuration");
  const bare: string[] = [];
  visit(schema, "", (path, node) => {
    if ((node.description ?? "").length < 10 && path !== "") bare.push(path);
  });
  expect(bare).toEqual([]);
});

test("the JSON Schema refuses unknown keys everywhere but among headers", () => {
  const open: string[] = [];
  visit(schema, "", (path, node) => {
    if (node.properties !== undefined && node.additionalProperties !== false) open.push(path);
  });
  expect(open).toEqual([]);
});

test("the JSON Schema asks for what has no default and offers the values of choices", () => {
  expect(schema.required).toEqual(["hubs"]);
  const hub = schema.properties?.hubs?.items;
  expect(hub?.required).toEqual(["path", "origin"]);
  const group = hub?.properties?.groups?.items;
  expect(group?.required).toEqual(["name", "access", "join", "messages"]);
  expect(group?.properties?.onGap?.enum).toEqual(["close", "rejoin", "ignore"]);
  const access = group?.properties?.access?.anyOf;
  expect(access?.map((alternative) => alternative.enum ?? alternative.required)).toEqual([
    ["public", "authenticated", "probe"],
    ["claims"],
  ]);
  expect(hub?.properties?.broadcasts?.items?.required).toEqual(["target"]);
  expect(hub?.properties?.calls?.items?.required).toEqual(["method", "key", "access"]);
  expect(hub?.properties?.streams?.items?.required).toEqual(["method", "key", "access"]);
});

test("numbers may be references to the environment in the JSON Schema", () => {
  expect(schema.properties?.listen?.properties?.port).toEqual({
    type: ["integer", "string"],
    pattern: "^\\$\\{.+\\}$",
    minimum: 0,
    maximum: 65_535,
    default: 8080,
    description: "Port of the client listener; 0 picks a free one.",
  });
});

test("every limit has a default between 1 and its maximum", () => {
  const result = checkShape({ hubs: [{ path: "/hub", origin: "http://127.0.0.1/hub" }] });
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  const defaults = Object.fromEntries(
    Object.entries(limitDefinitions).map(([name, { default: value }]) => [name, value]),
  );
  expect(result.config.limits).toEqual(defaults);
  for (const [name, limit] of Object.entries(limitDefinitions)) {
    expect(limit.default, name).toBeGreaterThanOrEqual(1);
    expect(limit.default, name).toBeLessThanOrEqual(limit.max);
    // Node's timers fire at once when the delay does not fit into 31 bits.
    if (name.endsWith("Ms")) expect(limit.max, name).toBeLessThan(2 ** 31);
  }
});

test("a value of the wrong kind inside a list that is normalised is reported, not thrown", () => {
  const hub = { path: "/hub", origin: "http://127.0.0.1/hub", forwardHeaders: [1, "Host"], partitionBy: [{}] };
  const result = checkShape({ hubs: [hub] });
  expect(result.ok ? [] : result.issues.map(({ path }) => path.join("."))).toEqual([
    "hubs.0.partitionBy.0",
    "hubs.0.forwardHeaders.0",
    "hubs.0.forwardHeaders.1",
  ]);
});
