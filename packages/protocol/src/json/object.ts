import { asBuffer } from "../as-buffer.ts";
import { isRecord } from "../is-record.ts";
import { ProtocolError } from "../protocol-error.ts";
import {
  badJson,
  minus,
  openBrace,
  openBracket,
  quote,
  recordSeparator,
  skipLiteral,
  skipNumber,
  skipString,
  skipValue,
  skipWhitespace,
} from "./scan.ts";

const maxDepth = 64;

/** Decodes one JSON object, with or without a separator behind it. Throws `ProtocolError` for anything else. */
export function parseJsonObject(record: Uint8Array): Readonly<Record<string, unknown>> {
  const bytes = asBuffer(record);
  const end = bytes[bytes.length - 1] === recordSeparator ? bytes.length - 1 : bytes.length;
  const start = objectStart(bytes);
  const behind = skipWhitespace(bytes, skipValue(bytes, start, 0, maxDepth));
  if (behind !== end) throw badJson(bytes, behind);
  const value: unknown = JSON.parse(bytes.toString("utf8", start, end));
  return isRecord(value) ? value : {};
}

/** Position of the brace that opens the object a text has to be. */
export function objectStart(bytes: Uint8Array): number {
  const start = skipWhitespace(bytes, 0);
  if (bytes[start] === openBrace) return start;
  throw new ProtocolError(
    "malformed",
    `Unexpected JSON Token Type '${tokenKind(bytes, start)}'. Expected a JSON Object.`,
  );
}

/** The origin's name for the token at `start`. Throws for what is no token, before anybody looks at its kind. */
export function tokenKind(bytes: Uint8Array, start: number): string {
  const first = bytes[start] ?? 0;
  if (first === openBracket) return "Array";
  if (first === openBrace) return "Object";
  if (first === quote) {
    skipString(bytes, start);
    return "String";
  }
  if (first === minus || (first >= 0x30 && first <= 0x39)) {
    skipNumber(bytes, start);
    return "Number";
  }
  for (const literal of ["true", "false", "null"]) {
    if (first !== literal.charCodeAt(0)) continue;
    skipLiteral(bytes, start, literal);
    return `${literal.charAt(0).toUpperCase()}${literal.slice(1)}`;
  }
  throw badJson(bytes, start);
}
