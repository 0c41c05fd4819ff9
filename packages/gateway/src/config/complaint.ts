/** What is wrong with a value of which `allowed` says what it must be: "a whole number from 1 to 10". */
export function complaint(value: unknown, allowed: string): string {
  if (value === undefined) return `is missing; must be ${allowed}`;
  if (value === null) return `has no value; must be ${allowed}, or leave the key out`;
  return `must be ${allowed}, not ${showValue(value)}`;
}

/** A value of the file, short enough for an error line. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  return String(value);
}

/** `"a"`, `"a" or "b"`, `"a", "b" or "c"`. */
export function alternatives(values: readonly string[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  const last = quoted.at(-1) ?? "nothing";
  return quoted.length < 2 ? last : `${quoted.slice(0, -1).join(", ")} or ${last}`;
}
