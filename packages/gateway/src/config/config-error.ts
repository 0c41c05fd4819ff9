/** Keys and list indexes from the top of the file. Empty for the file itself. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong, where the loader found it. */
export interface ConfigIssue {
  readonly path: ConfigPath;
  readonly message: string;
}

/** One thing that is wrong, as people read it. */
export interface ConfigError {
  /** `hubs[0].groups[1].access`, or `gateway.yaml:3:7` (line, column) where the text is not YAML at all. */
  readonly path: string;
  /** What is wrong and what is allowed; one line. */
  readonly message: string;
}

export function formatConfigError(error: ConfigError): string {
  return `${error.path}: ${error.message}`;
}

/** `["hubs", 0, "path"]` is `hubs[0].path`; a key that is no plain word is quoted: `headers["x y"]`. */
export function formatPath(path: ConfigPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** In the order in which a reader of the file meets them; what is missing comes last in its mapping. */
export function inDocumentOrder(issues: readonly ConfigIssue[], input: unknown): readonly ConfigIssue[] {
  return issues
    .map((issue) => ({ issue, position: documentPosition(input, issue.path) }))
    .sort((left, right) => comparePositions(left.position, right.position))
    .map(({ issue }) => issue);
}

function documentPosition(input: unknown, path: ConfigPath): readonly number[] {
  const position: number[] = [];
  let value: unknown = input;
  for (const step of path) {
    const entries: [string, unknown][] = typeof value === "object" && value !== null ? Object.entries(value) : [];
    const index = entries.findIndex(([key]) => key === String(step));
    position.push(index === -1 ? entries.length : index);
    value = entries[index]?.[1];
  }
  return position;
}

function comparePositions(left: readonly number[], right: readonly number[]): number {
  for (const [index, step] of left.entries()) {
    const difference = step - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
