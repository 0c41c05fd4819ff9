import type { ConfigIssue, ConfigPath } from "./config-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$${`, `${NAME}`, `${NAME:-default}`, or a `${` that is none of these. */
const reference = /\$\$\{|\$\{(?:(?<name>[A-Za-z_]\w*)(?<fallback>:-[^}]*)?\})?/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` (also used where NAME is set but empty, as in a shell) in every string value
 * of the file; `$${` is a literal `${`. Where `isNumber` says that a number belongs, digits that come from the environment
 * become one: `port: ${PORT:-8080}`. A string with an issue is `undefined` in the result.
 */
export function substituteEnvironment(
  input: unknown,
  environment: Environment,
  isNumber: (path: ConfigPath) => boolean,
): { readonly input: unknown; readonly issues: readonly ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  const visit = (value: unknown, path: ConfigPath): unknown => {
    if (typeof value === "string") {
      const result = substituteText(value, environment);
      if (!result.ok) {
        issues.push({ path, message: result.message });
        return undefined;
      }
      return result.text !== value && /^\d+$/.test(result.text) && isNumber(path) ? Number(result.text) : result.text;
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    }
    return value;
  };
  return { input: visit(input, []), issues };
}

type TextResult = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

function substituteText(text: string, environment: Environment): TextResult {
  const problems: string[] = [];
  const substituted = text.replace(reference, (match, name: string | undefined, fallback: string | undefined) => {
    if (match === "$${") return "${";
    if (name === undefined) {
      problems.push(`"\${" must be \${NAME} or \${NAME:-default}; a literal "\${" is written "$\${"`);
      return match;
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === "" ? fallback.slice(2) : value;
    if (value === undefined) {
      problems.push(`environment variable ${name} is not set; set it or write \${${name}:-default}`);
    }
    return value ?? match;
  });
  const [message] = problems;
  return message === undefined ? { ok: true, text: substituted } : { ok: false, message };
}
