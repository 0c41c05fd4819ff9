import type { HubRules } from "../config/hub-rules.ts";
import type { HubConfig } from "../config/schema.ts";
import type { Evidence } from "./evidence.ts";
import type { Scenario } from "./scenario.ts";

/** What to change. */
export interface Advice {
  /** Where: a place in the configuration, `hubs[0].groups[0].messages[1].key`, or `scenario` and a key of it. */
  readonly path: string;
  /** Why, and what to write instead; one line. */
  readonly message: string;
}

/** What an advice is drawn from. */
export interface Case {
  readonly evidence: Evidence;
  readonly rules: HubRules;
  readonly hub: HubConfig;
  /** `hubs[0]` */
  readonly hubPath: string;
  readonly scenario: Scenario;
}

/** A rule that a file could have, on one line. */
export function writeRule(members: Readonly<Record<string, string>>): string {
  const parts = Object.entries(members).map(
    ([name, value]) => `${name}: ${/[{}[\],:]/.test(value) ? `"${value}"` : value}`,
  );
  return `{ ${parts.join(", ")} }`;
}
