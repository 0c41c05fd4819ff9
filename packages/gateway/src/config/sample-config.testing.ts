import { formatConfigError } from "./config-error.ts";
import { type LoadResult, loadConfig } from "./load.ts";

export function load(text: string, environment: Record<string, string> = {}, fileName = "gateway.yaml"): LoadResult {
  return loadConfig(text, { environment, fileName });
}

/** What `check` prints for a wrong file. */
export function errorLines(
  text: string,
  environment: Record<string, string> = {},
  fileName?: string,
): readonly string[] {
  const result = load(text, environment, fileName);
  return result.ok ? [] : result.errors.map(formatConfigError);
}

export const minimal = "hubs: [{ path: /hub, origin: http://127.0.0.1:5000/hub }]";

/** A good hub, and more lines in it. */
export const hub = (lines: string): string => `
hubs:
  - path: /hub
    origin: http://127.0.0.1:5000/hub
    ${lines.trim().replaceAll("\n", "\n    ")}
`;

/** A good hub with one group of which only the name is given. */
export const group = (lines: string): string =>
  hub(`groups:\n  - name: event\n    ${lines.trim().replaceAll("\n", "\n    ")}`);

export const join = 'join: { method: Subscribe, key: "{0}" }';
export const messages = 'messages: [{ target: Changed, key: "{0.id}" }]';
