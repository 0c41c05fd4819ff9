import type { PathStep } from "@signalr-edge/protocol";
import type { KeyReference, KeyTemplate } from "./hub-rules.ts";

export type KeyTemplateResult =
  | { readonly ok: true; readonly template: KeyTemplate }
  /** `message` names the character (from 1) where reading stopped. */
  | { readonly ok: false; readonly message: string };

/**
 * Reads `"{0.eventId}/{1}"`: literal text and references. `{N}` is argument N (from 0), followed by steps: `.name` into
 * an object, `[2]` into an array, and at last perhaps `[]`, which makes one key per element. `{{` and `}}` are literal
 * braces.
 */
export function parseKeyTemplate(source: string): KeyTemplateResult {
  if (source === "") return { ok: false, message: 'must not be empty; write text and references such as "{0}"' };
  const parts: (string | KeyReference)[] = [];
  let literal = "";
  let position = 0;
  while (position < source.length) {
    const character = source.charAt(position);
    if ((character === "{" || character === "}") && source.charAt(position + 1) === character) {
      literal += character;
      position += 2;
    } else if (character === "}") {
      return failure(source, position, '"}" closes nothing; a literal brace is written "}}"');
    } else if (character === "{") {
      const end = source.indexOf("}", position);
      if (end === -1) return failure(source, position, '"{" is never closed; a literal brace is written "{{"');
      const reference = parseReference(source, position + 1, end);
      if (!reference.ok) return reference;
      if (reference.reference.expand && parts.some((part) => typeof part !== "string" && part.expand)) {
        return failure(source, position, "only one reference of a key may end in []");
      }
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push(reference.reference);
      position = end + 1;
    } else {
      literal += character;
      position += 1;
    }
  }
  if (literal !== "") parts.push(literal);
  return { ok: true, template: { source, parts } };
}

type ReferenceResult =
  | { readonly ok: true; readonly reference: KeyReference }
  | { readonly ok: false; readonly message: string };

/** Reads what stands between the braces: `source` from `start` up to `end`. */
function parseReference(source: string, start: number, end: number): ReferenceResult {
  const text = source.slice(start, end);
  const argument = /^(?:0|[1-9]\d{0,2})(?![^.[])/.exec(text)?.[0];
  if (argument === undefined) {
    return failure(source, start, "a reference starts with the number of an argument, as in {0} or {0.eventId}");
  }
  const path: PathStep[] = [];
  let position = start + argument.length;
  while (position < end) {
    const rest = source.slice(position, end);
    const step = /^(?:\.(?<name>[^.[\]{\s]+)|\[(?<index>\d{0,6})\])/.exec(rest);
    if (step === null) return failure(source, position, 'expected ".name", "[2]" or "[]"');
    const { name, index } = step.groups ?? {};
    position += step[0].length;
    if (name !== undefined) path.push(name);
    else if (index !== "") path.push(Number(index));
    else if (position === end) return { ok: true, reference: { argument: Number(argument), path, expand: true } };
    else
      return failure(
        source,
        position,
        "nothing may follow []: steps into the elements are not supported by this version",
      );
  }
  return { ok: true, reference: { argument: Number(argument), path, expand: false } };
}

function failure(source: string, position: number, message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message: `${JSON.stringify(source)}, character ${position + 1}: ${message}` };
}

export function keyReferences(template: KeyTemplate): readonly KeyReference[] {
  return template.parts.filter((part) => typeof part !== "string");
}

/** Two templates can yield equal keys only if their literal text stands around references in the same places. */
export function haveSameShape(left: KeyTemplate, right: KeyTemplate): boolean {
  return shape(left) === shape(right);
}

/** Equal keys for every message. */
export function areEqualTemplates(left: KeyTemplate, right: KeyTemplate): boolean {
  return JSON.stringify(left.parts) === JSON.stringify(right.parts);
}

function shape(template: KeyTemplate): string {
  return JSON.stringify(template.parts.map((part) => (typeof part === "string" ? part : {})));
}

/**
 * Why `leave` cannot be the key of the leave method of a group that is joined with `join`, or `undefined` if it can.
 * When the last member's connection ends nobody leaves: the gateway invokes the leave method itself and can fill its
 * arguments only with the values that the join's references read.
 */
export function whyNotLeaveKey(join: KeyTemplate, leave: KeyTemplate): string | undefined {
  const references = keyReferences(leave);
  const inside = references.find((reference) => reference.path.length > 0);
  const numbers = references.map((reference) => reference.argument).sort((left, right) => left - right);
  if (inside !== undefined || numbers.some((number, index) => number !== index)) {
    return `${JSON.stringify(leave.source)} must name whole arguments, {0}, {1} and so on without a gap (or {0[]}), each once: when the last member disconnects the gateway itself invokes the leave method, with nothing but the values of the join key`;
  }
  if (!haveSameShape(join, leave)) {
    return `${JSON.stringify(leave.source)} must have the same number of references and the same text around them as the join key ${JSON.stringify(join.source)}, or no leave would match a join`;
  }
  return undefined;
}
