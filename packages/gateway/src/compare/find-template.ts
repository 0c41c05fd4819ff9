import type { Scalar } from "@signalr-edge/protocol";
import type { GroupRule, KeyTemplate } from "../config/hub-rules.ts";
import type { Membership } from "./client-view.ts";
import type { Sighting } from "./evidence.ts";
import { partsOf } from "./frame-form.ts";
import { childrenOf, type ValuePath } from "./value-path.ts";

export interface FoundTemplate {
  /** As it stands in the configuration: `{0.eventId}`. */
  readonly source: string;
  /** The values are equal only as text: 42 and "42". */
  readonly needsKeyKindText: boolean;
}

/**
 * The key template that gives every sighting of a target a key of the rule that its receiver had joined. `undefined` if
 * there is none: then the target does not belong to the group, or does not say to which one it belongs.
 */
export function findTemplate(sightings: readonly Sighting[], rule: GroupRule): FoundTemplate | undefined {
  const needsText = rule.keyKind === "text" ? [true] : [false, true];
  for (const asText of needsText) {
    const source = findSource(sightings, rule, asText);
    if (source !== undefined) return { source, needsKeyKindText: asText && rule.keyKind !== "text" };
  }
  return undefined;
}

function findSource(sightings: readonly Sighting[], rule: GroupRule, asText: boolean): string | undefined {
  let common: ReadonlyMap<string, string> | undefined;
  // JSON first: its names are the ones that people write.
  const ordered = sightings.toSorted((left, right) => left.protocol.name.localeCompare(right.protocol.name));
  for (const sighting of ordered) {
    const own = new Map(sourcesOf(sighting, rule, asText).map((source) => [source.toLowerCase(), source] as const));
    common = common === undefined ? own : new Map([...common].filter(([form]) => own.has(form)));
    if (common.size === 0) return undefined;
  }
  return [...(common ?? new Map<string, string>()).values()].sort((left, right) => left.length - right.length)[0];
}

/** More combinations of paths than this are not looked at. */
const maxSources = 64;

function sourcesOf(sighting: Sighting, rule: GroupRule, asText: boolean): readonly string[] {
  const memberships = sighting.memberships.filter((membership) => membership.rule === rule);
  const leaves = scalarsOf(sighting);
  return memberships.flatMap(({ named }) => {
    return combine(rule.join.keys[sighting.protocol.name], named.scalars, leaves, asText);
  });
}

interface Leaf {
  readonly reference: string;
  readonly scalar: Scalar;
}

/** The join's template with each reference replaced by the places in the message where the joined value stands. */
function combine(
  template: KeyTemplate,
  scalars: Membership["named"]["scalars"],
  leaves: readonly Leaf[],
  asText: boolean,
): readonly string[] {
  let sources = [""];
  let next = 0;
  for (const part of template.parts) {
    if (typeof part === "string") {
      sources = sources.map((source) => source + part.replace(/[{}]/g, "$&$&"));
      continue;
    }
    const wanted = scalars[next++];
    const references = leaves
      .filter(({ scalar }) => scalar.text === wanted?.text && (asText || scalar.kind === wanted.kind))
      .map(({ reference }) => reference);
    sources = sources.flatMap((source) => references.map((reference) => source + reference)).slice(0, maxSources);
  }
  return sources;
}

const maxLeaves = 500;
const maxDepth = 6;
const maxElements = 4;

function scalarsOf({ entry, protocol }: Sighting): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (argument: number, value: unknown, path: ValuePath): void => {
    const children = childrenOf(value);
    if (children !== undefined && path.length < maxDepth && leaves.length < maxLeaves) {
      for (const [name, child] of children) {
        const canBeWritten = typeof name === "number" ? name < maxElements : /^[^.[\]{}\s]+$/.test(name);
        if (canBeWritten) visit(argument, child, [...path, name]);
      }
      return;
    }
    const range = entry.envelope.argumentRanges[argument];
    const scalar = range === undefined ? undefined : protocol.readScalar(entry.frame, range, path);
    if (scalar !== undefined) leaves.push({ reference: referenceTo(argument, path), scalar });
  };
  for (const [argument, value] of partsOf(protocol, entry)) {
    if (typeof argument === "number") visit(argument, value, []);
  }
  return leaves;
}

function referenceTo(argument: number, path: ValuePath): string {
  return `{${argument}${path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("")}}`;
}
