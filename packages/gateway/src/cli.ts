#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { type Command, type CompareCommand, helpText, parseCommandLine } from "./command-line.ts";
import { checkFiles } from "./config/check-files.ts";
import { formatConfigError } from "./config/config-error.ts";
import { describeConfig } from "./config/describe-rules.ts";
import { configForOrigin, type LoadResult, loadConfig } from "./config/load.ts";
import { type Config, jsonSchema } from "./config/schema.ts";
import { warnings } from "./config/warnings.ts";
import { runDemo } from "./demo/run-demo.ts";
import { createGateway } from "./gateway.ts";
import { portOrAny } from "./http/port-or-any.ts";
import { createLogger } from "./observe/log.ts";
import { ReloadFile } from "./reload-file.ts";
import { version } from "./version.ts";

/** Exit codes: 0 done, 1 failed at run time, 2 wrong command line or configuration. */
const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** The admin listener of `run --origin`: no file names its port, so whoever has that already is not in the way. */
const [adminHost, usualAdminPort] = ["127.0.0.1", 9090];

async function execute(command: Command): Promise<number> {
  switch (command.kind) {
    case "run":
      return withConfig(await readConfig(command.config), (config) => run(config, command.config));
    case "run-origin": {
      const { origin, host, port } = command;
      const overrides = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
      const adminPort = port === usualAdminPort ? 0 : await portOrAny(usualAdminPort, adminHost);
      return withConfig(configForOrigin(origin, { ...overrides, adminPort }), (config) => run(config, undefined));
    }
    case "check":
      return withConfig(await readConfig(command.config), check);
    case "schema":
      console.log(JSON.stringify(jsonSchema(), undefined, 2));
      return exitCodes.ok;
    case "demo":
      return runDemo({ ...command, stdout: process.stdout, stderr: process.stderr });
    case "compare":
      return withConfig(await readConfig(command.config), (config) => compare(config, command));
    case "version":
      console.log(version);
      return exitCodes.ok;
    case "help":
      console.log(helpText());
      return exitCodes.ok;
    case "usage-error":
      console.error(`signalr-edge: ${command.message}`);
      return exitCodes.usage;
  }
}

async function readConfig(fileName: string): Promise<LoadResult> {
  try {
    const text = await readFile(fileName, "utf8");
    const loaded = loadConfig(text, { environment: process.env, fileName });
    const errors = loaded.ok ? checkFiles(loaded.config) : [];
    return errors.length === 0 ? loaded : { ok: false, errors };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, errors: [{ path: fileName, message: `cannot be read: ${reason}` }] };
  }
}

async function withConfig(loaded: LoadResult, act: (config: Config) => Promise<number>): Promise<number> {
  if (loaded.ok) return act(loaded.config);
  for (const error of loaded.errors) console.error(formatConfigError(error));
  console.error(`${loaded.errors.length} error(s); nothing was started`);
  return exitCodes.usage;
}

async function check(config: Config): Promise<number> {
  process.stdout.write(describeConfig(config));
  for (const warning of warnings(config)) console.log(`warning: ${warning}`);
  return exitCodes.ok;
}

async function compare(config: Config, command: CompareCommand): Promise<number> {
  // It brings the official clients along, which nothing else needs.
  const { runCompare } = await import("./compare/run-compare.ts");
  return runCompare(config, { ...command, stdout: process.stdout, stderr: process.stderr });
}

/** Runs until a signal: the first one drains, a second one exits at once. SIGHUP reads the file again. */
async function run(config: Config, fileName: string | undefined): Promise<number> {
  const log = createLogger(config.log.level);
  for (const warning of warnings(config)) log.warn("config.warning", { warning });
  const file =
    fileName === undefined ? undefined : new ReloadFile(async () => gateway.reload(await readConfig(fileName)));
  let gateway = createGateway(config, { log, ...(file !== undefined && { onReloadAsked: file.ask }) });
  const stopSignal = nextStopSignal();
  try {
    const { url, adminUrl } = await gateway.start().catch((error: unknown) => {
      if (fileName !== undefined || !isUsualAdminPortTaken(error)) throw error;
      // Somebody took it between the look and the start.
      gateway = createGateway({ ...config, admin: { ...config.admin, port: 0 } }, { log });
      return gateway.start();
    });
    console.log(`listening on ${url}\nadmin on ${adminUrl}`);
  } catch (error) {
    log.error("gateway.failed", { error: error instanceof Error ? error.message : String(error) });
    return exitCodes.failed;
  }
  process.on("SIGHUP", () => {
    if (file !== undefined) void file.ask();
    else
      log.warn("config.reload-refused", { errors: "the gateway was started with --origin; there is no file to read" });
  });
  await stopSignal;
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(exitCodes.failed));
  await gateway.stop();
  return exitCodes.ok;
}

function isUsualAdminPortTaken(error: unknown): boolean {
  const { code, port } = error instanceof Error ? (error as NodeJS.ErrnoException & { readonly port?: number }) : {};
  return code === "EADDRINUSE" && port === usualAdminPort;
}

function nextStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

process.exitCode = await execute(parseCommandLine(process.argv.slice(2)));
