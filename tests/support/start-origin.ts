import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { originAssembly } from "./build-origin.ts";
import { httpOriginControl } from "./http-origin-control.ts";
import type { HubPath, Origin } from "./origin.ts";

type OriginProcess = ChildProcessByStdio<Writable, Readable, null>;

/** False where .NET is missing; `build-origin.ts` has said so in one line. For `describe.skipIf`. */
export const aspNetOriginAvailable = existsSync(originAssembly);

export interface AspNetOriginOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Lets the framework log to the test's stderr. */
  readonly verbose?: boolean;
  /** What the market hub publishes from the start of the process on; default: there is no market. */
  readonly market?: MarketSettings;
}

export interface MarketSettings {
  /** Topics 0, 1, ..., each with a publisher. */
  readonly topics: number;
  /** Messages per second of each publisher. */
  readonly perSecond: number;
  /** How many more topics there are, which nobody publishes to; default none. */
  readonly quietTopics?: number;
  /** How long every join takes; default 0. */
  readonly joinMs?: number;
}

/** Starts the ASP.NET Core origin in a process of its own, which also ends when this process does. */
export async function startAspNetOrigin(options: AspNetOriginOptions = {}): Promise<Origin> {
  const settings = [...(options.verbose === true ? verboseSettings : []), ...marketSettings(options.market)];
  let process = launch(options.port ?? 0, settings);
  const url = await readUrl(process);

  return {
    url,
    get pid() {
      return process.pid;
    },
    control: httpOriginControl(url),
    hubUrl: (path: HubPath) => `${url}${path}`,
    stop: (signal) => end(process, signal),
    restart: async () => {
      await end(process);
      process = launch(Number(new URL(url).port), settings);
      await readUrl(process);
    },
  };
}

const verboseSettings = ["--verbose", "true", "--Logging:Console:LogToStandardErrorThreshold", "Trace"];

function marketSettings(market: MarketSettings | undefined): readonly string[] {
  return Object.entries(market ?? {}).flatMap(([name, value]) => [`--market:${name}`, String(value)]);
}

function launch(port: number, settings: readonly string[]): OriginProcess {
  const usual = ["--urls", `http://127.0.0.1:${port}`, "--exitWithStandardInput", "true"];
  return spawn("dotnet", [originAssembly, ...usual, ...settings], { stdio: ["pipe", "pipe", "inherit"] });
}

async function readUrl(process: OriginProcess): Promise<string> {
  for await (const line of createInterface({ input: process.stdout })) {
    const url = /^origin listening on (http:\/\/\S+)$/.exec(line)?.[1];
    if (url !== undefined) {
      process.stdout.resume();
      return url;
    }
  }
  throw new Error(`the origin ended before it listened, exit code ${process.exitCode}`);
}

async function end(process: OriginProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, "exit");
  process.kill(signal);
  await exited;
}
