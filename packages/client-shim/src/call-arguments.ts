/**
 * A copy that later changes by the application do not reach. Only arrays and plain objects are copied: anything else,
 * such as a `Date` or an object with `toJSON`, is written by the hub protocol in a way of its own and kept as it is.
 */
export function copyArguments(value: readonly unknown[]): unknown[] {
  return value.map(copyValue);
}

function copyValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyValue);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyValue(member)]));
}

/** Whether the first arguments of a call are these, by value. */
export function beginsWith(args: readonly unknown[], beginning: readonly unknown[]): boolean {
  return beginning.length <= args.length && beginning.every((value, index) => isSame(value, args[index]));
}

/** By value for everything that can be an argument: primitives, arrays, plain objects, dates and bytes. */
export function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((value: unknown, index) => isSame(value, right[index]));
  }
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (!isPlainObject(left) || !isPlainObject(right)) return false;
  const [names, rightNames] = [Object.keys(left), Object.keys(right)];
  return (
    names.length === rightNames.length &&
    names.every((name) => rightNames.includes(name) && isSame(left[name], right[name]))
  );
}

function isList(value: unknown): value is readonly unknown[] | Uint8Array {
  return Array.isArray(value) || value instanceof Uint8Array;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
