import { z } from "zod";
import { alternatives, complaint } from "./complaint.ts";
import type * as check from "./value-checks.ts";

/**
 * The kinds of values that the schema is made of. None of the messages that a user may see comes from the library: each
 * kind says in its own words what it must be.
 */

type ErrorText = (issue: { readonly input?: unknown }) => string;

export function wrong(allowed: string): ErrorText {
  return (issue) => complaint(issue.input, allowed);
}

export function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape);
  return z.strictObject(shape, { error: wrong(`a mapping with the keys ${keys.join(", ")}`) });
}

export function list<Item extends z.ZodType>(allowed: string, item: Item, minCount = 0): z.ZodArray<Item> {
  const items = z.array(item, { error: wrong(allowed) });
  return minCount === 0 ? items : items.min(minCount, { error: `must be ${allowed}, not empty` });
}

export function text(allowed: string, checkValue: check.ValueCheck): z.ZodString {
  return z.string({ error: wrongText(allowed) }).superRefine(reportWith(checkValue));
}

/** For texts that YAML reads as something else when the quotes are forgotten. */
function wrongText(allowed: string): ErrorText {
  return ({ input }) =>
    typeof input === "number" || typeof input === "boolean"
      ? `must be ${allowed} in quotes, not the ${typeof input} ${input}`
      : complaint(input, allowed);
}

export function keyTemplate(checkValue: check.ValueCheck): z.ZodString {
  const error: ErrorText = ({ input }) =>
    typeof input === "object" && input !== null
      ? 'must be a key template in quotes, such as "{0}"; without quotes YAML reads the braces as a mapping'
      : wrongText('a key template such as "{0}" or "{0.eventId}"')({ input });
  return z.string({ error }).superRefine(reportWith(checkValue));
}

/** Values of headers are often credentials: they are never shown. */
export function headerValue(checkValue: check.ValueCheck): z.ZodString {
  return z
    .string({ error: "must be text in quotes (the value is not shown here)" })
    .superRefine(reportWith(checkValue));
}

function reportWith(checkValue: check.ValueCheck): (value: string, context: z.RefinementCtx<string>) => void {
  return (value, context) => {
    const message = checkValue(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };
}

export function choice<const Value extends string>(values: readonly Value[]) {
  return z.enum(values, { error: wrong(alternatives(values)) });
}

export function integer(unit: "milliseconds" | "bytes" | undefined, min: number, max: number): z.ZodNumber {
  const error = wrong(`a whole number ${unit === undefined ? "" : `of ${unit} `}from ${min} to ${max}`);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
