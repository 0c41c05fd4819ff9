import { closestName } from "../config/closest-name.ts";
import { alternatives, complaint } from "../config/complaint.ts";
import type { ConfigIssue, ConfigPath } from "../config/config-error.ts";

/** Reads values of a scenario file; what is wrong is collected with its path, and a default takes its place. */
export class ScenarioValues {
  readonly issues: ConfigIssue[] = [];

  report(path: ConfigPath, message: string): void {
    this.issues.push({ path, message });
  }

  /** The members of a mapping that has no others than `allowed`. */
  mapping(value: unknown, path: ConfigPath, allowed: readonly string[]): Readonly<Record<string, unknown>> {
    const members = this.record(value, path, `a mapping with the keys ${allowed.join(", ")}`);
    for (const key of Object.keys(members)) {
      if (allowed.includes(key)) continue;
      const closest = closestName(key, allowed);
      const hint = closest === undefined ? `allowed here: ${allowed.join(", ")}` : `did you mean "${closest}"?`;
      this.report([...path, key], `unknown key; ${hint}`);
    }
    return members;
  }

  /** A mapping with any keys. */
  record(value: unknown, path: ConfigPath, allowed: string): Readonly<Record<string, unknown>> {
    if (value === undefined) return {};
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    this.report(path, complaint(value, allowed));
    return {};
  }

  /** A mapping of texts. */
  texts(value: unknown, path: ConfigPath, allowed: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.record(value, path, allowed)).map(([name, item]) => {
      return [name, this.text(item, [...path, name], "text in quotes") ?? ""] as const;
    });
    return Object.fromEntries(entries);
  }

  list(value: unknown, path: ConfigPath, allowed: string): readonly unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.report(path, complaint(value, allowed));
    return [];
  }

  text(value: unknown, path: ConfigPath, allowed: string): string | undefined {
    if (typeof value === "string" && value !== "") return value;
    this.report(path, value === "" ? `must be ${allowed}, not empty` : complaint(value, allowed));
    return undefined;
  }

  /** `undefined` if it is absent or wrong. */
  choice<const Value extends string>(value: unknown, path: ConfigPath, values: readonly Value[]): Value | undefined {
    if (value === undefined) return undefined;
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) this.report(path, complaint(value, alternatives(values)));
    return found;
  }

  /** `fallback` if it is absent or wrong. */
  integer(value: unknown, path: ConfigPath, bounds: readonly [number, number], fallback: number): number {
    const [min, max] = bounds;
    if (value === undefined) return fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    this.report(path, complaint(value, `a whole number from ${min} to ${max}`));
    return fallback;
  }

  /** Seconds, with a fraction if need be. */
  seconds(value: unknown, path: ConfigPath): number {
    if (typeof value === "number" && value > 0 && value <= maxWaitSeconds) return value;
    this.report(path, complaint(value, `seconds, more than 0 and up to ${maxWaitSeconds}`));
    return 1;
  }
}

const maxWaitSeconds = 3600;
