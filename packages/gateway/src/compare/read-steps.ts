import { closestName } from "../config/closest-name.ts";
import { showValue } from "../config/complaint.ts";
import type { ConfigPath } from "../config/config-error.ts";
import type { Step } from "./scenario.ts";
import type { ScenarioValues } from "./scenario-values.ts";

const plainSteps = ["connect", "disconnect"] as const;
const callSteps = ["invoke", "join", "leave", "send"] as const;
const stepNames: readonly string[] = [...plainSteps, ...callSteps, "stream", "wait"];
const examples =
  'connect, { join: METHOD, arguments: ["{event}"] }, { invoke: ... }, { send: ... }, { stream: ..., items: 3 }, { wait: 5 }, { leave: ... } or disconnect';

/** The steps of a scenario. Clients are connected whenever a step needs it: a missing `connect` is put in front. */
export function readSteps(values: ScenarioValues, input: unknown): readonly Step[] {
  const allowed = "a list of steps, at least one, such as [connect, { wait: 5 }]";
  const list = values.list(input, ["steps"], allowed);
  if (list.length === 0) values.report(["steps"], `${input === undefined ? "is missing; " : ""}must be ${allowed}`);
  const steps = list.flatMap((item, index) => readStep(values, item, ["steps", index]) ?? []);
  return withConnects(steps);
}

function withConnects(steps: readonly Step[]): readonly Step[] {
  let isConnected = false;
  return steps.flatMap((step): readonly Step[] => {
    const needsConnect = !isConnected && step.kind !== "connect" && step.kind !== "disconnect";
    isConnected = step.kind !== "disconnect";
    return needsConnect ? [{ kind: "connect" }, step] : [step];
  });
}

function readStep(values: ScenarioValues, input: unknown, path: ConfigPath): Step | undefined {
  if (typeof input === "string") {
    const kind = plainSteps.find((name) => name === input);
    if (kind !== undefined) return { kind };
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    values.report(path, `must be ${examples}, not ${showValue(input)}`);
    return undefined;
  }
  const kind = stepNames.find((name) => Object.hasOwn(input, name));
  if (kind === "wait") return readWait(values, input, path);
  if (kind === "stream") return readStream(values, input, path);
  const callKind = callSteps.find((name) => name === kind);
  if (callKind !== undefined) {
    const members = values.mapping(input, path, [callKind, "arguments"]);
    return { kind: callKind, ...readCall(values, members, callKind, path) };
  }
  const [key = ""] = Object.keys(input);
  const closest = closestName(key, stepNames);
  values.report(path, `must be ${examples}${closest === undefined ? "" : `; did you mean "${closest}"?`}`);
  return undefined;
}

function readWait(values: ScenarioValues, input: object, path: ConfigPath): Step {
  const members = values.mapping(input, path, ["wait", "until", "count"]);
  const seconds = values.seconds(members.wait, [...path, "wait"]);
  if (members.until === undefined) {
    if (members.count !== undefined) values.report([...path, "count"], "goes with until: TARGET");
    return { kind: "wait", seconds, until: undefined };
  }
  const target = values.text(members.until, [...path, "until"], "the name of a target") ?? "";
  const count = values.integer(members.count, [...path, "count"], [1, 1_000_000], 1);
  return { kind: "wait", seconds, until: { target, count } };
}

function readStream(values: ScenarioValues, input: object, path: ConfigPath): Step {
  const members = values.mapping(input, path, ["stream", "arguments", "items"]);
  const items = members.items;
  return {
    kind: "stream",
    ...readCall(values, members, "stream", path),
    items: items === undefined ? undefined : values.integer(items, [...path, "items"], [1, 1_000_000], 1),
  };
}

function readCall(
  values: ScenarioValues,
  members: Readonly<Record<string, unknown>>,
  key: string,
  path: ConfigPath,
): { readonly method: string; readonly arguments: readonly unknown[] } {
  const method = values.text(members[key], [...path, key], "the name of a hub method") ?? "";
  return { method, arguments: values.list(members.arguments, [...path, "arguments"], 'a list, such as ["{event}"]') };
}
