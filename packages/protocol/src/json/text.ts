import { backslash } from "./scan.ts";

/** Whether a string, given without its quotes, contains escapes. */
export function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    if (bytes[position] === backslash) return true;
  }
  return false;
}

/** Whether the bytes from `start` to `end` are exactly `text`, which is ASCII. */
export function equalsAscii(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * The value of a string that `skipString` accepted, given without its quotes. `undefined` if escapes make a lone
 * surrogate: such a text has no UTF-8 form, so it could not be written again.
 */
export function decodeString(bytes: Buffer, start: number, end: number): string | undefined {
  if (!hasEscape(bytes, start, end)) return bytes.toString("utf8", start, end);
  const text: unknown = JSON.parse(bytes.toString("utf8", start - 1, end + 1));
  return typeof text === "string" && !loneSurrogate.test(text) ? text : undefined;
}

const loneSurrogate = /\p{Surrogate}/u;

// What System.Text.Json escapes even with its relaxed encoder: these categories, the byte order mark, and all of the
// supplementary planes. Characters assigned after .NET's Unicode version differ, which no JSON reader notices.
const escaped = /["\\\ufeff\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u{10000}-\u{10ffff}]/gu;

/** A JSON string, quotes included, escaped as System.Text.Json does with UnsafeRelaxedJsonEscaping. */
export function quoteString(text: string): string {
  return `"${text.replace(escaped, escapeCharacter)}"`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

function escapeCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  // .NET replaces what cannot be encoded.
  if (loneSurrogate.test(character)) return "\\uFFFD";
  let sequences = "";
  for (let index = 0; index < character.length; index += 1) {
    sequences += `\\u${character.charCodeAt(index).toString(16).toUpperCase().padStart(4, "0")}`;
  }
  return sequences;
}
