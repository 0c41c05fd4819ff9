import { childrenOf } from "./value-path.ts";

const maxMembers = 12;
const maxDepth = 4;
const maxTextLength = 24;

/** The form of arguments, for people: `{ eventId: integer 1, secret: text "secret of ev..." }, null`. */
export function showShape(values: readonly unknown[]): string {
  return values.map((value) => shapeOf(value, 0)).join(", ");
}

function shapeOf(value: unknown, depth: number): string {
  const children = childrenOf(value);
  if (children === undefined) return leafShape(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{ ", " }"];
  if (children.length === 0) return `${open.trim()}${close.trim()}`;
  if (depth >= maxDepth) return `${open}...${close}`;
  const shown = children.slice(0, Array.isArray(value) ? 2 : maxMembers).map(([name, child]) => {
    const shape = shapeOf(child, depth + 1);
    return typeof name === "number" ? shape : `${name}: ${shape}`;
  });
  return `${open}${shown.join(", ")}${shown.length < children.length ? ", ..." : ""}${close}`;
}

function leafShape(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") {
    const text = value.length > maxTextLength ? `${value.slice(0, maxTextLength)}...` : value;
    return `text ${JSON.stringify(text)}`;
  }
  if (typeof value === "bigint" || Number.isInteger(value)) return `integer ${value}`;
  if (typeof value === "number") return `fraction ${value}`;
  if (typeof value === "boolean") return String(value);
  return value instanceof Date ? "time" : value instanceof Uint8Array ? "bytes" : "extension";
}
