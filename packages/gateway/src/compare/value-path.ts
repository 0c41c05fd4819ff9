/** Names and indexes from a value down to one inside it. */
export type ValuePath = readonly (string | number)[];

/** A `ValuePath` in which `"[]"` as an index stands for every element, and the case of names does not matter. */
export type PathPattern = readonly (string | number | typeof everyElement)[];

export const everyElement = Symbol("every element");

/** `{result.tokens[0]}`, `{0.sentAt}`, `{item[].id}` -> its steps; `undefined` if it is written otherwise. */
export function parsePathPattern(text: string): PathPattern | undefined {
  const [, root, rest] = /^\{([A-Za-z]\w*|\d+)((?:\.[^.[\]{}\s]+|\[\d*\])*)\}$/.exec(text) ?? [];
  if (root === undefined || rest === undefined) return undefined;
  const steps = [...rest.matchAll(/\.([^.[\]{}\s]+)|\[(\d*)\]/g)].map(([, name, index]) => {
    if (name !== undefined) return name;
    return index === "" || index === undefined ? everyElement : Number(index);
  });
  return [/^\d+$/.test(root) ? Number(root) : root, ...steps];
}

/** `["result", "tokens", 0]` is `{result.tokens[0]}`. */
export function showPath([root = "", ...steps]: ValuePath): string {
  return `{${root}${steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("")}}`;
}

export function matchesPattern(path: ValuePath, pattern: PathPattern): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((step, index) => {
      const own = path[index];
      if (step === everyElement) return typeof own === "number";
      return typeof step === "string" && typeof own === "string"
        ? step.toLowerCase() === own.toLowerCase()
        : step === own;
    })
  );
}

/** Where two decoded values differ, as near to the leaves as they have the same form. Empty if they are equal. */
export function differingPaths(left: unknown, right: unknown, path: ValuePath = []): readonly ValuePath[] {
  const [leftChildren, rightChildren] = [childrenOf(left), childrenOf(right)];
  if (leftChildren === undefined || rightChildren === undefined || Array.isArray(left) !== Array.isArray(right)) {
    return leafText(left) === leafText(right) ? [] : [path];
  }
  const names = leftChildren.map(([name]) => name);
  if (JSON.stringify(names) !== JSON.stringify(rightChildren.map(([name]) => name))) return [path];
  return leftChildren.flatMap(([name, child], index) =>
    differingPaths(child, rightChildren[index]?.[1], [...path, name]),
  );
}

/** One line that is equal for equal values, but for what is at the paths that `isHidden` names. */
export function maskedText(value: unknown, isHidden: (path: ValuePath) => boolean, path: ValuePath = []): string {
  if (isHidden(path)) return "*";
  const children = childrenOf(value);
  if (children === undefined) return leafText(value);
  const parts = children.map(([name, child]) => {
    const text = maskedText(child, isHidden, [...path, name]);
    return typeof name === "number" ? text : `${JSON.stringify(name)}:${text}`;
  });
  return Array.isArray(value) ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
}

/** Members of a mapping or elements of a list, `undefined` for a value that has no parts. */
export function childrenOf(value: unknown): readonly (readonly [string | number, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) {
    return undefined;
  }
  return Object.entries(value);
}

/** Values without parts: equal text for equal kind and value. */
function leafText(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (value instanceof Date) return `time ${value.getTime()}`;
  return JSON.stringify(value) ?? "undefined";
}
