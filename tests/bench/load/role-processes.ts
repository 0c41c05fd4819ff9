import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Role {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** For `taskset`, such as `0` or `1-3`; `undefined`: wherever the kernel likes. */
  readonly cores: string | undefined;
  /** Default false. True: a Node process of the bench, for `call`. */
  readonly answersCalls?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RoleProcess {
  readonly name: string;
  readonly pid: number;
  readonly child: ChildProcess;
}

/** The processes of one run. They end with it, and with the bench, however that ends. */
export class RoleProcesses {
  readonly #processes: RoleProcess[] = [];
  #isStopped = false;

  /**
   * `setpriv` has the kernel end the process if this one dies, which no handler of ours could promise. Both commands are
   * replaced by what they start, so the pid is that of the role.
   */
  start(role: Role): RoleProcess {
    if (this.#isStopped) throw new Error(`the run is over, ${role.name} is not started`);
    const pinned = role.cores === undefined ? [] : ["taskset", "-c", role.cores];
    const args = ["--pdeathsig", "KILL", ...pinned, role.command, ...role.args];
    const child = spawn("setpriv", args, {
      stdio: ["ignore", "pipe", "pipe", ...(role.answersCalls === true ? (["ipc"] as const) : [])],
      env: { ...process.env, ...role.env },
    });
    const { pid } = child;
    if (pid === undefined) throw new Error("setpriv and taskset (util-linux) are needed");
    const started = { name: role.name, pid, child };
    this.#processes.push(started);
    child.on("error", (error) => console.error(`${role.name}: ${error.message}`));
    child.stderr?.on("data", (chunk: Buffer) => process.stderr.write(`${role.name}: ${chunk}`));
    return started;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#processes.splice(0).map(({ child }) => end(child)));
  }

  /** For the last moment of the bench. */
  kill(): void {
    for (const { child } of this.#processes) child.kill("SIGKILL");
  }
}

/** The first group of the first line on stdout that matches. Throws if the process ends without one. */
export async function readLine({ name, child }: RoleProcess, pattern: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error(`${name} has no stdout`);
  let found: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    found = pattern.exec(line)?.[1];
    if (found !== undefined) break;
  }
  if (found === undefined) throw new Error(`${name} ended before it was ready`);
  // The end of the loop has paused it, and a full pipe would stop the process.
  child.stdout.resume();
  return found;
}

/** None of them has anything to save, and an orderly end would take seconds. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
