import { parseArgs } from "node:util";
import { closestName } from "./config/closest-name.ts";

export type Command =
  | { readonly kind: "run"; readonly config: string }
  | {
      readonly kind: "run-origin";
      readonly origin: string;
      readonly host: string | undefined;
      readonly port: number | undefined;
    }
  | { readonly kind: "check"; readonly config: string }
  | { readonly kind: "schema" }
  /** Without `seconds` it runs until it is interrupted. */
  | { readonly kind: "demo"; readonly clients: number; readonly seconds: number | undefined; readonly json: boolean }
  | CompareCommand
  | { readonly kind: "version" }
  | { readonly kind: "help" }
  /** `message` says what is wrong and what to write instead; one line. */
  | { readonly kind: "usage-error"; readonly message: string };

/** What is `undefined` comes from the configuration and the scenario. */
export interface CompareCommand {
  readonly kind: "compare";
  readonly config: string;
  readonly scenario: string;
  readonly origin: string | undefined;
  readonly gateway: string | undefined;
  readonly admin: string | undefined;
  readonly pairs: number | undefined;
  readonly seconds: number | undefined;
  readonly seed: number | undefined;
  readonly json: boolean;
}

const options = {
  config: { type: "string", short: "c" },
  origin: { type: "string" },
  port: { type: "string" },
  host: { type: "string" },
  clients: { type: "string" },
  seconds: { type: "string" },
  scenario: { type: "string" },
  gateway: { type: "string" },
  admin: { type: "string" },
  pairs: { type: "string" },
  seed: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

type OptionName = keyof typeof options;
const optionNames = Object.keys(options);

/** The options of each command, besides --help and --version. */
const commandOptions = {
  run: ["config", "origin", "port", "host"],
  check: ["config"],
  schema: [],
  demo: ["clients", "seconds", "json"],
  compare: ["config", "scenario", "origin", "gateway", "admin", "pairs", "seconds", "seed", "json"],
} as const satisfies Readonly<Record<string, readonly OptionName[]>>;

type CommandName = keyof typeof commandOptions;
const commandNames = Object.keys(commandOptions);

/** `argv` without the executable and the script. Reads nothing else and never throws. */
export function parseCommandLine(argv: readonly string[]): Command {
  if (argv.length === 0) return { kind: "help" };
  const read = readArguments(argv);
  if (!read.ok) return usageError(read.message);
  const { words, values } = read;
  const [word, extra] = words;
  if (values.has("help") || word === "help") return { kind: "help" };
  if (values.has("version") || word === "version") return { kind: "version" };

  // `signalr-edge --config gateway.yaml` runs it.
  const name = word ?? "run";
  if (!isCommandName(name)) {
    return usageError(
      `unknown command "${name}"; ${didYouMean(closestName(name, commandNames))}commands: ${commandNames.join(", ")}`,
    );
  }
  const allowed: readonly string[] = commandOptions[name];
  const stranger = [...values.keys()].find((option) => !allowed.includes(option));
  if (stranger !== undefined) return usageError(strangerMessage(name, stranger));
  if (extra !== undefined) return usageError(extraMessage(name, extra, values));
  return toCommand(name, values);
}

export function helpText(): string {
  return `signalr-edge: an edge gateway for ASP.NET Core SignalR

Usage:
  signalr-edge run --config FILE            run the gateway on a YAML or JSON file
  signalr-edge run --origin URL             run one transparent hub at the path of URL
      --port PORT                           port for clients (default 8080, 0 is a free one)
      --host HOST                           address for clients (default 127.0.0.1)
                                            admin on port 9090, or a free one if that is taken
  signalr-edge check --config FILE          validate the file, print its rules and warnings
  signalr-edge schema                       print the JSON Schema of the file
  signalr-edge demo                         live-odds origin, gateway and clients in one
      --clients COUNT                       clients to connect (default 500)
      --seconds SECONDS                     stop after that time (default: run until Ctrl-C)
      --json                                print the result as one JSON object
  signalr-edge compare --config FILE        do the same directly and through the gateway,
      --scenario FILE                       and say what differs and what to change
      --origin URL                          the hub, directly (default: its origin in the file)
      --gateway URL                         the gateway (default: listen of the file)
      --admin URL                           its admin listener (default: admin of the file)
      --pairs COUNT                         pairs of clients (default: as in the scenario, or 4)
      --seconds SECONDS                     repeat the steps so long (default: once)
      --seed NUMBER                         for what the scenario picks from lists
      --json                                print the result as one JSON object

Options:
  -c, --config FILE    the config file
  -h, --help           print this text
  -v, --version        print the version

Signals: SIGTERM and SIGINT drain and exit, SIGHUP reads the config file again.
Exit codes: 0 done, 1 failed, 2 wrong usage or a wrong config file.
`;
}

type Values = ReadonlyMap<string, string | true>;

type ReadResult =
  | { readonly ok: true; readonly words: readonly string[]; readonly values: Values }
  | { readonly ok: false; readonly message: string };

function readArguments(argv: readonly string[]): ReadResult {
  // Not strict: its messages know nothing of our commands, and it stops at the first.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const words: string[] = [];
  const values = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (!isOptionName(name)) return { ok: false, message: unknownOptionMessage(rawName) };
    if (values.has(name)) return { ok: false, message: `--${name} is given twice` };
    if (options[name].type === "boolean") {
      if (value !== undefined) return { ok: false, message: `--${name} takes no value` };
      values.set(name, true);
      continue;
    }
    // In `--config --port 80` the next option is no file name; in `--port -1` the number is wrong, not missing.
    const isNextOption = inlineValue === false && value !== undefined && /^-\D/.test(value);
    if (value === undefined || value === "" || isNextOption) {
      return { ok: false, message: `--${name} needs a value: ${optionExamples[name]}` };
    }
    values.set(name, value);
  }
  return { ok: true, words, values };
}

const optionExamples: Readonly<Record<OptionName, string>> = {
  config: "--config gateway.yaml",
  origin: "--origin http://127.0.0.1:5000/hubs/odds",
  port: "--port 8080",
  host: "--host 127.0.0.1",
  clients: "--clients 500",
  seconds: "--seconds 15",
  scenario: "--scenario scenario.yaml",
  gateway: "--gateway http://127.0.0.1:8080",
  admin: "--admin http://127.0.0.1:9090",
  pairs: "--pairs 4",
  seed: "--seed 1",
  json: "--json",
  help: "--help",
  version: "--version",
};

function toCommand(name: CommandName, values: Values): Command {
  switch (name) {
    case "run":
      return toRunCommand(values);
    case "check": {
      const config = text(values, "config");
      return config === undefined
        ? usageError(`check needs a file: signalr-edge check ${optionExamples.config}`)
        : { kind: "check", config };
    }
    case "schema":
      return { kind: "schema" };
    case "demo":
      return toDemoCommand(values);
    case "compare":
      return toCompareCommand(values);
  }
}

function toRunCommand(values: Values): Command {
  const [config, origin, host] = [text(values, "config"), text(values, "origin"), text(values, "host")];
  if (config !== undefined && origin !== undefined) {
    return usageError("--config and --origin exclude each other; the file names the origins of its hubs");
  }
  if (config !== undefined) {
    const listenOption = values.has("port") ? "port" : values.has("host") ? "host" : undefined;
    return listenOption === undefined
      ? { kind: "run", config }
      : usageError(`--${listenOption} goes with --origin; with --config, set listen.${listenOption} in the file`);
  }
  if (origin === undefined) {
    return usageError(`run needs ${optionExamples.config} or ${optionExamples.origin}`);
  }
  const port = wholeNumber(values, "port", 0, 65_535);
  return port.ok ? { kind: "run-origin", origin, host, port: port.value } : usageError(port.message);
}

function toDemoCommand(values: Values): Command {
  const clients = wholeNumber(values, "clients", 1, 100_000);
  if (!clients.ok) return usageError(clients.message);
  const seconds = wholeNumber(values, "seconds", 1, 86_400);
  if (!seconds.ok) return usageError(seconds.message);
  return { kind: "demo", clients: clients.value ?? 500, seconds: seconds.value, json: values.has("json") };
}

function toCompareCommand(values: Values): Command {
  const [config, scenario] = [text(values, "config"), text(values, "scenario")];
  if (config === undefined || scenario === undefined) {
    return usageError(
      `compare needs two files: signalr-edge compare ${optionExamples.config} ${optionExamples.scenario}`,
    );
  }
  const pairs = wholeNumber(values, "pairs", 1, 1000);
  if (!pairs.ok) return usageError(pairs.message);
  const seconds = wholeNumber(values, "seconds", 1, 86_400);
  if (!seconds.ok) return usageError(seconds.message);
  const seed = wholeNumber(values, "seed", 0, 999_999_999);
  if (!seed.ok) return usageError(seed.message);
  return {
    kind: "compare",
    config,
    scenario,
    origin: text(values, "origin"),
    gateway: text(values, "gateway"),
    admin: text(values, "admin"),
    pairs: pairs.value,
    seconds: seconds.value,
    seed: seed.value,
    json: values.has("json"),
  };
}

type NumberResult =
  | { readonly ok: true; readonly value: number | undefined }
  | { readonly ok: false; readonly message: string };

function wholeNumber(values: Values, name: OptionName, min: number, max: number): NumberResult {
  const value = text(values, name);
  if (value === undefined) return { ok: true, value: undefined };
  if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max)
    return { ok: true, value: Number(value) };
  return { ok: false, message: `--${name} must be a whole number from ${min} to ${max}, not "${value}"` };
}

function text(values: Values, name: OptionName): string | undefined {
  const value = values.get(name);
  return typeof value === "string" ? value : undefined;
}

function usageError(message: string): Command {
  return { kind: "usage-error", message };
}

function unknownOptionMessage(rawName: string): string {
  const closest = closestName(rawName.replace(/^-+/, ""), optionNames);
  return `unknown option ${rawName}; ${didYouMean(closest === undefined ? undefined : `--${closest}`)}see signalr-edge --help`;
}

function didYouMean(closest: string | undefined): string {
  return closest === undefined ? "" : `did you mean ${closest}? `;
}

function strangerMessage(name: CommandName, option: string): string {
  const allowed = commandOptions[name].map((each) => `--${each}`).join(", ");
  return `${name} has no option --${option}; ${allowed === "" ? "it takes none" : `its options: ${allowed}`}`;
}

function extraMessage(name: CommandName, extra: string, values: Values): string {
  const wantsFile =
    (name === "run" || name === "check" || name === "compare") && !values.has("config") && !values.has("origin");
  const option = /^https?:/.test(extra) && name === "run" ? "origin" : "config";
  return `unexpected argument "${extra}"${wantsFile ? `; did you mean --${option} ${extra}?` : ""}`;
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandOptions, name);
}
