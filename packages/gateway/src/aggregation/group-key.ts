import type { Envelope, Frame, HubProtocol, Scalar } from "@signalr-edge/protocol";
import type { GroupRule as CompleteGroupRule, KeyReference, KeyTemplate } from "../config/hub-rules.ts";

/**
 * Identity of a group within one shared upstream. Injective: every part is written with its kind and length before it,
 * so that no value can be chosen to look like another key (aggregation.md R-04).
 */
export type GroupKey = string & { readonly __brand: "GroupKey" };

/** What of a rule goes into a key. */
type GroupRule = Pick<CompleteGroupRule, "name" | "keyKind">;

/** A key together with the values that it was made of, in the order of the template's references. */
export interface NamedKey {
  readonly key: GroupKey;
  readonly scalars: readonly Scalar[];
}

/** The different keys that a frame names under a template: one, or several for `{N[]}`. `undefined` if any is no key. */
export function namedKeys(
  rule: GroupRule,
  template: KeyTemplate,
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): readonly NamedKey[] | undefined {
  const expanded = template.parts.find(expands);
  if (expanded === undefined) {
    const scalars = scalarsOf(template, protocol, envelope, frame);
    return scalars === undefined ? undefined : [{ key: encodeKey(rule, template, scalars), scalars }];
  }
  const rows = scalarRows(template, expanded, protocol, envelope, frame);
  if (rows === undefined) return undefined;
  const byKey = new Map<GroupKey, NamedKey>();
  for (const scalars of rows) {
    const key = encodeKey(rule, template, scalars);
    byKey.set(key, { key, scalars });
  }
  return [...byKey.values()];
}

/** Whether `namedKeys` finds any. */
export function hasKeys(template: KeyTemplate, protocol: HubProtocol, envelope: Envelope, frame: Frame): boolean {
  const expanded = template.parts.find(expands);
  const found =
    expanded === undefined
      ? scalarsOf(template, protocol, envelope, frame)
      : scalarRows(template, expanded, protocol, envelope, frame);
  return found !== undefined;
}

/** The one key of a message, without the detour over several; `undefined` if it has none or its template names several. */
export function groupKey(
  rule: GroupRule,
  template: KeyTemplate,
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): GroupKey | undefined {
  const scalars = scalarsOf(template, protocol, envelope, frame);
  return scalars === undefined ? undefined : encodeKey(rule, template, scalars);
}

/** For people: the rule's name and the template filled in, `event:42`. Not an identity. */
export function describeKey(key: GroupKey): string {
  let text = "";
  let at = 0;
  let first = true;
  while (at < key.length) {
    const lengthStart = at + 1;
    const colon = key.indexOf(":", lengthStart);
    const end = colon + 1 + Number(key.slice(lengthStart, colon));
    text += key.slice(colon + 1, end);
    if (first) text += ":";
    first = false;
    at = end;
  }
  return text;
}

function expands(part: KeyTemplate["parts"][number]): part is KeyReference {
  return typeof part !== "string" && part.expand;
}

/** The values of a template's references; `undefined` if one of them has none, or several. */
function scalarsOf(
  template: KeyTemplate,
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): readonly Scalar[] | undefined {
  const scalars: Scalar[] = [];
  for (const part of template.parts) {
    if (typeof part === "string") continue;
    const range = part.expand ? undefined : envelope.argumentRanges[part.argument];
    const scalar = range === undefined ? undefined : protocol.readScalar(frame, range, part.path);
    if (scalar === undefined) return undefined;
    scalars.push(scalar);
  }
  return scalars;
}

/** One row of scalars per key: a plain reference repeats in every row, `{N[]}` gives each row its element. */
function scalarRows(
  template: KeyTemplate,
  expanded: KeyReference,
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): readonly (readonly Scalar[])[] | undefined {
  const range = envelope.argumentRanges[expanded.argument];
  const elements = range === undefined ? undefined : protocol.readScalars(frame, range, expanded.path);
  if (elements === undefined || elements.length === 0) return undefined;
  const rows = elements.map((): Scalar[] => []);
  for (const part of template.parts) {
    if (typeof part === "string") continue;
    const own = part.expand ? undefined : envelope.argumentRanges[part.argument];
    const repeated = own === undefined ? undefined : protocol.readScalar(frame, own, part.path);
    for (const [index, row] of rows.entries()) {
      const scalar = part.expand ? elements[index] : repeated;
      if (scalar === undefined) return undefined;
      row.push(scalar);
    }
  }
  return rows;
}

const kindLetters = { string: "s", integer: "i", boolean: "b" } as const;

function encodeKey(rule: GroupRule, template: KeyTemplate, scalars: readonly Scalar[]): GroupKey {
  let key = encodePart("n", rule.name);
  let next = 0;
  for (const part of template.parts) {
    if (typeof part === "string") {
      key += encodePart("l", part);
    } else {
      const scalar = scalars[next++];
      if (scalar !== undefined)
        key += encodePart(rule.keyKind === "text" ? "t" : kindLetters[scalar.kind], scalar.text);
    }
  }
  return key as GroupKey;
}

function encodePart(letter: string, text: string): string {
  return `${letter}${text.length}:${text}`;
}
