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
}

/** Starts the ASP.NET Core origin in a process of its own, which also ends when this process does. */
export async function startAspNetOrigin(options: AspNetOriginOptions = {}): Promise<Origin> {
  const verbose = options.verbose ?? false;
  let process = launch(options.port ?? 0, verbose);
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
      process = launch(Number(new URL(url).port), verbose);
      await readUrl(process);
    },
  };
}

function launch(port: number, verbose: boolean): OriginProcess {
  const settings = ["--urls", `http://127.0.0.1:${port}`, "--exitWithStandardInput", "true"];
  if (verbose) settings.push("--verbose", "true", "--Logging:Console:LogToStandardErrorThreshold", "Trace");
  return spawn("dotnet", [originAssembly, ...settings], { stdio: ["pipe", "pipe", "inherit"] });
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
