import type { Scenario, Step } from "./scenario.ts";

/** What `{name}` stands for. */
export type Variables = ReadonlyMap<string, unknown>;

/** Variables that every scenario has. */
export const builtInVariables = ["pair", "pass"] as const;

const reference = /\{\{|\}\}|\{([A-Za-z]\w*)\}/g;

/** The variables of one pair in one pass: its numbers (from 1), and one pick from each list. The same for the same seed. */
export function pickVariables({ values, seed }: Scenario, pair: number, pass: number): Variables {
  const picks = Object.entries(values).map(([name, list], index) => {
    return [name, list[hash(seed, pair, pass, index) % list.length]] as const;
  });
  return new Map<string, unknown>([["pair", pair], ["pass", pass], ...picks]);
}

/**
 * Replaces variables in every text of a value. A text that is nothing but one becomes its value, a number for example;
 * `{{` and `}}` are literal braces. Names without a variable stay as they are: `unknownVariables` has found them.
 */
export function fillIn(value: unknown, variables: Variables): unknown {
  if (typeof value === "string") return fillInText(value, variables);
  if (Array.isArray(value)) return value.map((item) => fillIn(item, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fillIn(item, variables)]));
}

export function fillInStep(step: Step, variables: Variables): Step {
  if (!("arguments" in step)) return step;
  return { ...step, arguments: step.arguments.map((argument) => fillIn(argument, variables)) };
}

/** Names in the braces of a value, in order. */
export function variablesOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [...value.matchAll(reference)].flatMap(([, name]) => name ?? []);
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(variablesOf);
}

function fillInText(text: string, variables: Variables): unknown {
  const whole = /^\{([A-Za-z]\w*)\}$/.exec(text)?.[1];
  if (whole !== undefined && variables.has(whole)) return variables.get(whole);
  return text.replace(reference, (match, name: string | undefined) => {
    if (name === undefined) return match.charAt(0);
    return variables.has(name) ? String(variables.get(name)) : match;
  });
}

/** FNV-1a over the numbers, with a final mix: neighbours get unrelated values. */
function hash(...numbers: readonly number[]): number {
  let state = 0x811c9dc5;
  for (const number of numbers) state = Math.imul(state ^ number, 0x01000193);
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
  return (state ^ (state >>> 15)) >>> 0;
}
