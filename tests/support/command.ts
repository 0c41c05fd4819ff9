import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cli = fileURLToPath(new URL("../../packages/gateway/dist/cli.js", import.meta.url));

/** Compiles the command from the sources, unless it is up to date. */
export async function buildCommand(): Promise<void> {
  const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  try {
    await promisify(execFile)(process.execPath, [compiler, "-b", "packages/gateway"], { cwd: root });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new Error(`the gateway does not compile:\n${output}`, { cause: error });
  }
}

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `signalr-edge` in a process of its own, as a user runs it. */
export class Command {
  readonly ended: Promise<CommandEnd>;
  stdout = "";
  stderr = "";
  readonly #process: ReturnType<typeof spawnCommand>;

  private constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#process = spawnCommand(args, environment);
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.#process, "close").then(([code]) => ({ code, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Whoever launches it ends it; in a test, `start` does both. */
  static launch(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Command {
    return new Command(args, environment);
  }

  /** Ends with the test, at the latest. */
  static start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Command {
    const command = Command.launch(args, environment);
    onTestFinished(() => command.kill("SIGKILL"));
    return command;
  }

  /** Runs it to its end. */
  static run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CommandEnd> {
    return Command.start(args, environment).ended;
  }

  /** What the first group of the pattern matches in the output so far or to come; rejects if the command ends without. */
  async find(stream: "stdout" | "stderr", pattern: RegExp): Promise<string> {
    const search = (): string | undefined => pattern.exec(this[stream])?.[1];
    for (;;) {
      const found = search();
      if (found !== undefined) return found;
      const more = once(this.#process[stream], "data").then(() => "more");
      if ((await Promise.race([more, this.ended.then(() => "ended")])) === "ended" && search() === undefined) {
        throw new Error(`the command ended without ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
    }
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error("the command could not be started");
    return pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}

function spawnCommand(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...environment };
  return spawn(process.execPath, [cli, ...args], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
}
