import { LineCounter, parseDocument } from "yaml";
import { type ConfigError, type ConfigPath, formatPath, inDocumentOrder } from "./config-error.ts";
import { withoutLaterKeys } from "./later-keys.ts";
import { type Config, checkShape } from "./schema.ts";
import { settingConflicts } from "./setting-conflicts.ts";
import { type Environment, substituteEnvironment } from "./substitute-environment.ts";

export interface LoadOptions {
  /** Default: `json` for a file name that ends in `.json`. */
  readonly format?: "yaml" | "json";
  readonly environment: Environment;
  /** For messages about the text as a whole. */
  readonly fileName: string;
}

export type LoadResult =
  | { readonly ok: true; readonly config: Config }
  /** Never empty; everything that is wrong, in the order of the file. A text that cannot be parsed hides the rest. */
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Text of a config file -> checked and complete `Config`. Pure: reads no file and nothing of `process`. */
export function loadConfig(text: string, options: LoadOptions): LoadResult {
  const format = options.format ?? (options.fileName.toLowerCase().endsWith(".json") ? "json" : "yaml");
  const parsed = parseConfigText(text, format, options.fileName);
  if (!parsed.ok) return parsed;
  return checkInput(parsed.input, options);
}

export interface OriginOverrides {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Of the admin listener, which no option names. */
  readonly adminPort: number;
}

/** `run --origin URL`: one transparent hub at the path that it has at the origin. Errors name the option. */
export function configForOrigin(originUrl: string, { adminPort, ...listen }: OriginOverrides): LoadResult {
  const path = /^https?:/i.test(originUrl) && URL.canParse(originUrl) ? new URL(originUrl).pathname : "/";
  const result = checkInput(
    { listen: { ...listen }, admin: { port: adminPort }, hubs: [{ path, origin: originUrl }] },
    { environment: {}, fileName: "--origin" },
  );
  if (result.ok) return result;
  const optionNames: Readonly<Record<string, string>> = {
    "listen.host": "--host",
    "listen.port": "--port",
  };
  const errors = result.errors.map(({ path, message }) => ({ path: optionNames[path] ?? "--origin", message }));
  return { ok: false, errors };
}

export type ParseResult =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** YAML or JSON -> its value. Errors name line and column. */
export function parseConfigText(text: string, format: "yaml" | "json", fileName: string): ParseResult {
  const jsonError = format === "json" ? findJsonError(text, fileName) : undefined;
  if (jsonError !== undefined) return { ok: false, errors: [jsonError] };
  // JSON is YAML; the YAML parser also reports duplicate keys, of which JSON.parse would silently take the last.
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    const errors = problems.map(({ pos, message }) => {
      const { line, col } = lineCounter.linePos(pos[0]);
      return { path: `${fileName}:${line}:${col}`, message };
    });
    return { ok: false, errors };
  }
  try {
    return { ok: true, input: document.toJS() };
  } catch (error) {
    // An alias without an anchor, or aliases that multiply beyond the parser's bound.
    return { ok: false, errors: [{ path: fileName, message: String(error instanceof Error ? error.message : error) }] };
  }
}

function findJsonError(text: string, fileName: string): ConfigError | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const position = reason === "Unexpected end of JSON input" ? text.length : /at position (\d+)/.exec(reason)?.[1];
    return {
      path: position === undefined ? fileName : `${fileName}:${lineAndColumn(text, Number(position))}`,
      // The engine quotes the place where it does not number it; the quote may span lines.
      message: `not JSON: ${reason.replace(/(?: in JSON)? at position.*$/s, "").replace(/\s+/g, " ")}`,
    };
  }
}

function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split("\n");
  return `${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
}

function checkInput(raw: unknown, { environment, fileName }: LoadOptions): LoadResult {
  const substituted = substituteEnvironment(raw, environment, isNumberPath);
  const later = withoutLaterKeys(substituted.input);
  const shape = checkShape(later.input);
  const conflicts = settingConflicts(later.input, environment);
  const issues = [...substituted.issues, ...later.issues, ...(shape.ok ? [] : shape.issues), ...conflicts];
  if (shape.ok && issues.length === 0) return { ok: true, config: shape.config };

  const errors = new Map<string, ConfigError>();
  for (const { path: steps, message } of inDocumentOrder(issues, raw)) {
    const path = steps.length === 0 ? fileName : formatPath(steps);
    // The first is the cause: what could not be substituted is also missing.
    if (!errors.has(path)) errors.set(path, { path, message });
  }
  return { ok: false, errors: [...errors.values()] };
}

/** Where a number belongs, so that digits out of the environment are read as one. */
function isNumberPath(path: ConfigPath): boolean {
  return /^(?:(?:listen|admin)\.port|limits\.\w+|hubs\[\d+\](?:\.sharedUpstream\.shards|(?:\.\w+\[\d+\])?\.\w+Ms))$/.test(
    formatPath(path),
  );
}
