import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { HubProtocolName } from "@signalr-edge/protocol";
import type { TransportName } from "../../support/origin-control.ts";

/** A line of the program's input; see `Run` in `clients-dotnet`. */
export interface DotNetRun {
  readonly script: "use" | "endings" | "comeBack";
  readonly url: string;
  readonly controlUrl: string;
  readonly transport: TransportName;
  readonly protocol: HubProtocolName;
  /** Of script `use`: two that no other run follows. */
  readonly events?: readonly [first: number, second: number];
}

/** A line of its output. The first has only the version. */
interface Line {
  readonly version?: string;
  readonly run?: string;
  readonly step?: string;
  readonly value?: unknown;
  readonly done?: boolean;
  readonly failure?: string | null;
}

export type Observations = Readonly<Record<string, unknown>>;

interface RunInProgress {
  readonly seen: Record<string, unknown>;
  readonly onStep: (step: string) => void;
  readonly resolve: (seen: Observations) => void;
  readonly reject: (error: Error) => void;
}

/** The .NET client program in a process of its own, which runs any number of scripts at the same time. */
export class DotNetClient {
  /** What the client library says of itself. */
  readonly version: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #runs = new Map<string, RunInProgress>();
  #lastRun = 0;

  private constructor(
    process: ChildProcessByStdio<Writable, Readable, null>,
    lines: AsyncIterable<string>,
    version: string,
  ) {
    this.#process = process;
    this.version = version;
    this.#read(lines).catch((error: unknown) => this.#fail(`its output is not as expected: ${String(error)}`));
  }

  static async start(assembly: string): Promise<DotNetClient> {
    const process = spawn("dotnet", [assembly], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    const version = first.done === true ? undefined : (JSON.parse(first.value) as Line).version;
    if (version === undefined) throw new Error(`the .NET client did not start: ${assembly}`);
    return new DotNetClient(process, { [Symbol.asyncIterator]: () => lines }, version);
  }

  /** Resolves with all that the script saw, by step; rejects if it failed. `onStep` is called for each as it comes. */
  run(run: DotNetRun, onStep: (step: string) => void = () => {}): Promise<Observations> {
    this.#lastRun += 1;
    const name = String(this.#lastRun);
    return new Promise((resolve, reject) => {
      this.#runs.set(name, { seen: {}, onStep, resolve, reject });
      this.#process.stdin.write(`${JSON.stringify({ events: [], ...run, name })}\n`);
    });
  }

  /** It ends with its input. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.stdin.end();
    await exited;
  }

  async #read(lines: AsyncIterable<string>): Promise<void> {
    for await (const text of lines) this.#receive(JSON.parse(text) as Line);
    this.#fail("it ended");
  }

  #receive({ run: name = "", step, value, done, failure }: Line): void {
    const run = this.#runs.get(name);
    if (run === undefined) throw new Error(`there is no run ${name}`);
    if (step !== undefined) {
      run.seen[step] = value;
      run.onStep(step);
    }
    if (done !== true) return;
    this.#runs.delete(name);
    if (typeof failure === "string") run.reject(new Error(`${failure}\nafter ${Object.keys(run.seen).join(", ")}`));
    else run.resolve(run.seen);
  }

  #fail(reason: string): void {
    for (const run of this.#runs.values()) run.reject(new Error(`the .NET client failed: ${reason}`));
    this.#runs.clear();
  }
}
