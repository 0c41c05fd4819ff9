import { showValue } from "./complaint.ts";
import type { ConfigIssue, ConfigPath } from "./config-error.ts";

interface LaterKey {
  /** The one value that says what this version does anyway, and is therefore accepted. */
  readonly neutral?: unknown;
}

/**
 * Keys that the file format has and this version does not, by the mapping they stand in (list indexes as `[]`). They are
 * told apart from unknown keys, so that nobody takes a missing feature for a slip of the pen.
 */
const laterKeys: Readonly<Record<string, Readonly<Record<string, LaterKey>>>> = {
  admin: { tls: {} },
  "hubs[].sharedUpstream": { standby: { neutral: false } },
  "hubs[].groups[].messages[]": { sequence: {} },
};

/** The input without such keys, and an issue for each that asks for something this version cannot do. */
export function withoutLaterKeys(input: unknown): { readonly input: unknown; readonly issues: readonly ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  const visit = (value: unknown, path: ConfigPath, place: string): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index], `${place}[]`));
    if (typeof value !== "object" || value === null) return value;
    const kept: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      const later = findLaterKey(place, key);
      if (later === undefined) kept.push([key, visit(item, [...path, key], place === "" ? key : `${place}.${key}`)]);
      else if (!isNeutral(later, item)) issues.push({ path: [...path, key], message: laterKeyMessage(later, item) });
    }
    return Object.fromEntries(kept);
  };
  return { input: visit(input, [], ""), issues };
}

/** Keys come from the file: `constructor` is one like any other. */
function findLaterKey(place: string, key: string): LaterKey | undefined {
  const keys = Object.hasOwn(laterKeys, place) ? laterKeys[place] : undefined;
  return keys !== undefined && Object.hasOwn(keys, key) ? keys[key] : undefined;
}

function isNeutral(later: LaterKey, value: unknown): boolean {
  return later.neutral !== undefined && JSON.stringify(value) === JSON.stringify(later.neutral);
}

function laterKeyMessage(later: LaterKey, value: unknown): string {
  if (later.neutral === undefined) return "is not supported by this version; leave it out";
  const neutral = JSON.stringify(later.neutral);
  const shown = typeof value === "object" ? "this" : showValue(value);
  return `${shown} is not supported by this version; leave the key out or write ${neutral}`;
}
