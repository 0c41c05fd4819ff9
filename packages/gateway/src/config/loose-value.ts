/**
 * Reading a file that may be wrong anywhere: what is not of the expected kind counts as absent, because the schema has
 * reported it already.
 */
export function looseMapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function looseList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function looseText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
