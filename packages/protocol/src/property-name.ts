/** How well a property name fits a path step: R-04 takes an exact match over one that differs in case. */
export type NameMatch = "exact" | "ignoringCase" | "none";

export function matchName(name: string, wanted: string): NameMatch {
  if (name === wanted) return "exact";
  return name.toLowerCase() === wanted.toLowerCase() ? "ignoringCase" : "none";
}

/**
 * The same for a name that is still bytes, without making a string of it (tests/bench/micro/peek.bench.ts).
 * `undefined` if that takes decoding: non-ASCII bytes, or a backslash, which in JSON begins an escape.
 */
export function matchNameBytes(bytes: Uint8Array, start: number, end: number, wanted: string): NameMatch | undefined {
  const sameLength = end - start === wanted.length;
  let match: NameMatch = sameLength ? "exact" : "none";
  for (let position = start; position < end; position += 1) {
    const byte = bytes[position] ?? 0;
    if (byte >= 0x80 || byte === 0x5c) return undefined;
    if (match === "none") continue;
    const code = wanted.charCodeAt(position - start);
    if (code >= 0x80) return undefined;
    if (code !== byte) match = lowerCase(code) === lowerCase(byte) ? "ignoringCase" : "none";
  }
  return match;
}

function lowerCase(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
