import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readScenario } from "./read-scenario.ts";

function read(text: string, environment: Readonly<Record<string, string>> = {}) {
  return readScenario(text, { fileName: "scenario.yaml", environment });
}

function scenarioOf(text: string, environment?: Readonly<Record<string, string>>) {
  const result = read(text, environment);
  if (!result.ok) throw new Error(result.errors.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  return result.scenario;
}

function errorsOf(text: string): readonly string[] {
  const result = read(text);
  return result.ok ? [] : result.errors.map(({ path, message }) => `${path}: ${message}`);
}

describe("a scenario", () => {
  test("needs nothing but steps", () => {
    expect(scenarioOf("steps: [{ wait: 1 }]")).toEqual({
      hub: undefined,
      protocols: ["json", "messagepack"],
      transport: undefined,
      accessToken: undefined,
      headers: {},
      query: {},
      values: {},
      answers: {},
      ignore: [],
      pairs: 4,
      seed: 1,
      spreadMs: 1000,
      marginMs: 500,
      answerTimeoutMs: 10_000,
      steps: [{ kind: "connect" }, { kind: "wait", seconds: 1, until: undefined }],
    });
  });

  test("has steps of every kind, and connects where a step needs it", () => {
    const { steps } = scenarioOf(`
values: { event: [1] }
steps:
  - connect
  - { join: Subscribe, arguments: ["{event}"] }
  - { invoke: Add, arguments: [1, { a: [true, null] }] }
  - { send: Void }
  - { stream: Counter, arguments: [3], items: 2 }
  - { wait: 0.5, until: OddsChanged, count: 3 }
  - { leave: Unsubscribe, arguments: ["{event}"] }
  - disconnect
  - { invoke: Add }
`);
    expect(steps).toEqual([
      { kind: "connect" },
      { kind: "join", method: "Subscribe", arguments: ["{event}"] },
      { kind: "invoke", method: "Add", arguments: [1, { a: [true, null] }] },
      { kind: "send", method: "Void", arguments: [] },
      { kind: "stream", method: "Counter", arguments: [3], items: 2 },
      { kind: "wait", seconds: 0.5, until: { target: "OddsChanged", count: 3 } },
      { kind: "leave", method: "Unsubscribe", arguments: ["{event}"] },
      { kind: "disconnect" },
      { kind: "connect" },
      { kind: "invoke", method: "Add", arguments: [] },
    ]);
  });

  test("takes secrets from the environment", () => {
    const { accessToken } = scenarioOf(`accessToken: "\${TOKEN}"\nsteps: [connect]`, { TOKEN: "secret" });
    expect(accessToken).toBe("secret");
  });

  test("may be JSON", () => {
    const text = JSON.stringify({ steps: ["connect"] });
    expect(readScenario(text, { fileName: "scenario.json", environment: {} }).ok).toBe(true);
  });

  test("of the examples is right", () => {
    const text = readFileSync(new URL("../../../../examples/odds-scenario.yaml", import.meta.url), "utf8");
    expect(errorsOf(text)).toEqual([]);
  });
});

describe("a wrong scenario is refused with", () => {
  test.each([
    ["hub: /a", "steps: is missing; must be a list of steps, at least one, such as [connect, { wait: 5 }]"],
    ["steps: []", "steps: must be a list of steps, at least one, such as [connect, { wait: 5 }]"],
    ["stepz: [connect]", 'stepz: unknown key; did you mean "steps"?'],
    ["steps: [{ jion: A }]", /^steps\[0\]: must be connect, \{ join: METHOD.*; did you mean "join"\?$/],
    ["steps: [conect]", /^steps\[0\]: must be connect, .*, not "conect"$/],
    ["steps: [{ wait: 0 }]", "steps[0].wait: must be seconds, more than 0 and up to 3600, not 0"],
    ["steps: [{ wait: 1, count: 2 }]", "steps[0].count: goes with until: TARGET"],
    ["steps: [{ join: A, argument: [1] }]", 'steps[0].argument: unknown key; did you mean "arguments"?'],
    ["steps: [{ join: A, arguments: 1 }]", 'steps[0].arguments: must be a list, such as ["{event}"], not 1'],
    ["steps: [{ invoke: 7 }]", "steps[0].invoke: must be the name of a hub method, not 7"],
    ["steps: [{ stream: A, items: 0 }]", "steps[0].items: must be a whole number from 1 to 1000000, not 0"],
    [
      'steps: [{ join: A, arguments: ["{evnt}"] }]',
      'steps[0].arguments[0]: {evnt} is no variable; there are pair, pass (lists stand in values); a literal brace is written "{{"',
    ],
    ["values: { event: 7 }\nsteps: [connect]", /^values.event: must be a list to pick from/],
    ["values: { event: [] }\nsteps: [connect]", /^values.event: must be a list .*, not empty$/],
    ["values: { pair: [1] }\nsteps: [connect]", "values.pair: is the number of the pair already; take another name"],
    ["protocols: [xml]\nsteps: [connect]", 'protocols[0]: must be "json" or "messagepack", not "xml"'],
    ["transport: TCP\nsteps: [connect]", /^transport: must be "WebSockets", "ServerSentEvents" or "LongPolling"/],
    ["pairs: 0\nsteps: [connect]", "pairs: must be a whole number from 1 to 1000, not 0"],
    ["ignore: [{ method: A }]\nsteps: [connect]", /^ignore\[0\].path: is missing; must be a path in quotes such as/],
    ["ignore: [{ path: '{0}' }]\nsteps: [connect]", /^ignore\[0\]: must have either method .* or target/],
    ["ignore: [{ target: A, path: '{result}' }]\nsteps: [connect]", /^ignore\[0\].path: must be .*, not "\{result\}"$/],
    ["ignore: [{ method: A, path: 'result.x' }]\nsteps: [connect]", /^ignore\[0\].path: must be .*, not "result.x"$/],
    [`accessToken: '\${NONE}'\nsteps: [connect]`, /^accessToken: environment variable NONE is not set/],
    ["steps: [", /^scenario.yaml:1:9: /],
  ])("a path and what is allowed: %j", (text, message) => {
    const [first] = errorsOf(text);
    if (typeof message === "string") expect(first).toBe(message);
    else expect(first).toMatch(message);
  });

  test("every mistake at once, in the order of the file", () => {
    expect(errorsOf("pairs: 0\nseed: -1\nsteps: [x, connect, y]").map((line) => line.split(":")[0])).toEqual([
      "pairs",
      "seed",
      "steps[0]",
      "steps[2]",
    ]);
  });
});
