import { showValue } from "../config/complaint.ts";
import { type ConfigError, type ConfigPath, formatPath, inDocumentOrder } from "../config/config-error.ts";
import { parseConfigText } from "../config/load.ts";
import { looseList, looseMapping } from "../config/loose-value.ts";
import { type Environment, substituteEnvironment } from "../config/substitute-environment.ts";
import { builtInVariables, variablesOf } from "./fill-in.ts";
import { readSteps } from "./read-steps.ts";
import type { IgnoreRule, Scenario } from "./scenario.ts";
import { ScenarioValues } from "./scenario-values.ts";
import { parsePathPattern } from "./value-path.ts";

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  /** Never empty; in the order of the file. */
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Everything that may stand in the file. */
export const scenarioKeys: readonly string[] = [
  "hub",
  "protocols",
  "transport",
  "accessToken",
  "headers",
  "query",
  "values",
  "answers",
  "ignore",
  "pairs",
  "seed",
  "spreadMs",
  "marginMs",
  "answerTimeoutMs",
  "steps",
];

/** Text of a scenario file -> checked and complete `Scenario`. Pure. `${NAME}` works as in the configuration. */
export function readScenario(
  text: string,
  { fileName, environment }: { readonly fileName: string; readonly environment: Environment },
): ScenarioResult {
  const parsed = parseConfigText(text, fileName.toLowerCase().endsWith(".json") ? "json" : "yaml", fileName);
  if (!parsed.ok) return parsed;
  const substituted = substituteEnvironment(parsed.input, environment, () => false);
  const values = new ScenarioValues();
  const scenario = readMembers(values, substituted.input);
  reportUnknownVariables(values, scenario, substituted.input);
  const issues = [...substituted.issues, ...values.issues];
  if (issues.length === 0) return { ok: true, scenario };
  const errors = new Map<string, ConfigError>();
  for (const { path: steps, message } of inDocumentOrder(issues, parsed.input)) {
    const path = steps.length === 0 ? fileName : formatPath(steps);
    if (!errors.has(path)) errors.set(path, { path, message });
  }
  return { ok: false, errors: [...errors.values()] };
}

function readMembers(values: ScenarioValues, input: unknown): Scenario {
  const members = values.mapping(input ?? {}, [], scenarioKeys);
  const optionalText = (key: string, allowed: string): string | undefined =>
    members[key] === undefined ? undefined : values.text(members[key], [key], allowed);
  return {
    hub: optionalText("hub", "the path of a hub of the configuration"),
    protocols: readProtocols(values, members.protocols),
    transport: values.choice(members.transport, ["transport"], ["WebSockets", "ServerSentEvents", "LongPolling"]),
    accessToken: optionalText("accessToken", "an access token in quotes"),
    headers: values.texts(members.headers, ["headers"], "a mapping of header names to values"),
    query: values.texts(members.query, ["query"], "a mapping of query names to values"),
    values: readLists(values, members.values),
    answers: values.record(members.answers, ["answers"], "a mapping of targets to what the clients answer"),
    ignore: values
      .list(members.ignore, ["ignore"], "a list of { method or target, path }")
      .flatMap((item, index) => readIgnoreRule(values, item, ["ignore", index]) ?? []),
    pairs: values.integer(members.pairs, ["pairs"], [1, maxPairs], 4),
    seed: values.integer(members.seed, ["seed"], [0, 0xffffffff], 1),
    spreadMs: values.integer(members.spreadMs, ["spreadMs"], [0, 600_000], 1000),
    marginMs: values.integer(members.marginMs, ["marginMs"], [1, 60_000], 500),
    answerTimeoutMs: values.integer(members.answerTimeoutMs, ["answerTimeoutMs"], [1, 600_000], 10_000),
    steps: readSteps(values, members.steps),
  };
}

export const maxPairs = 1000;

function readProtocols(values: ScenarioValues, input: unknown): Scenario["protocols"] {
  const names = ["json", "messagepack"] as const;
  const given = values
    .list(input, ["protocols"], 'a list of "json" and "messagepack"')
    .flatMap((item, index) => values.choice(item, ["protocols", index], names) ?? []);
  if (Array.isArray(input) && input.length === 0) {
    values.report(["protocols"], 'must be a list of "json" and "messagepack", not empty');
  }
  return given.length === 0 ? names : given;
}

function readLists(values: ScenarioValues, input: unknown): Scenario["values"] {
  const lists = Object.entries(values.record(input, ["values"], "a mapping of names to lists to pick from"));
  const read = lists.map(([name, item]) => {
    const path = ["values", name];
    if (!/^[A-Za-z]\w*$/.test(name)) values.report(path, "must be a name of letters and digits, such as event");
    if (builtInVariables.some((builtIn) => builtIn === name)) {
      values.report(path, `is the number of the ${name} already; take another name`);
    }
    const list = values.list(item, path, "a list to pick from, such as [1, 2, 3]");
    if (list.length === 0) values.report(path, "must be a list to pick from, such as [1, 2, 3], not empty");
    return [name, list] as const;
  });
  return Object.fromEntries(read);
}

function readIgnoreRule(values: ScenarioValues, input: unknown, path: ConfigPath): IgnoreRule | undefined {
  const members = values.mapping(input, path, ["method", "target", "path"]);
  const given = (["method", "target"] as const).filter((key) => members[key] !== undefined);
  const [subject] = given;
  if (subject === undefined || given.length > 1) {
    values.report(path, "must have either method (for its result and its stream items) or target (for messages)");
    return undefined;
  }
  const name = values.text(members[subject], [...path, subject], `the name of a ${subject}`);
  const text = values.text(members.path, [...path, "path"], pathExamples[subject]);
  if (name === undefined || text === undefined) return undefined;
  const pattern = parsePathPattern(text);
  const roots = subject === "method" ? /^\{(result|item|error)\b/ : /^\{\d/;
  if (pattern === undefined || !roots.test(text)) {
    values.report([...path, "path"], `must be ${pathExamples[subject]}, not ${showValue(text)}`);
    return undefined;
  }
  return { subject, name, pattern };
}

const pathExamples = {
  method: 'a path in quotes such as "{result.token}", "{result[].time}", "{item}" or "{error}"',
  target: 'a path in quotes such as "{0.sentAt}", "{1}" or "{0.list[].time}"',
} as const;

function reportUnknownVariables(values: ScenarioValues, scenario: Scenario, input: unknown): void {
  const known = [...builtInVariables, ...Object.keys(scenario.values)];
  const check = (value: unknown, path: ConfigPath): void => {
    const unknown = variablesOf(value).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const literal = `a literal brace is written "{{"`;
    values.report(
      path,
      `{${unknown}} is no variable; there are ${known.join(", ")} (lists stand in values); ${literal}`,
    );
  };
  check(scenario.accessToken, ["accessToken"]);
  for (const [name, value] of Object.entries(scenario.headers)) check(value, ["headers", name]);
  for (const [name, value] of Object.entries(scenario.query)) check(value, ["query", name]);
  // Where they stand in the file: a scenario may have more steps than that.
  for (const [index, step] of looseList(looseMapping(input).steps).entries()) {
    for (const [place, argument] of looseList(looseMapping(step).arguments).entries()) {
      check(argument, ["steps", index, "arguments", place]);
    }
  }
}
