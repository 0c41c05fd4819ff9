import { type Profiler, Session } from "node:inspector";

/** Which blocks of the gateway's and the protocol's sources have run, by V8's own counters. */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  get blockCount(): number {
    return this.#seen.size;
  }

  /** Blocks that ran since the last call and never before; they count as seen only after `learn`. */
  takeNew(): readonly string[] {
    return this.#take().filter((block) => !this.#seen.has(block));
  }

  learn(blocks: readonly string[]): void {
    for (const block of blocks) this.#seen.add(block);
  }

  /** As if nothing had run so far. */
  forget(): void {
    this.#take();
    this.#seen.clear();
  }

  stop(): void {
    this.#session.disconnect();
  }

  #take(): string[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    // The inspector of one's own thread answers before `post` returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error !== null) throw error;
      scripts = answer.result;
    });
    return scripts.filter(({ url }) => isSource(url)).flatMap(blocksOf);
  }
}

function isSource(url: string): boolean {
  return /\/packages\/(protocol|gateway)\/src\//.test(url) && !url.includes(".testing.");
}

function blocksOf({ url, functions }: Profiler.ScriptCoverage): string[] {
  return functions.flatMap(({ ranges }) =>
    ranges.filter(({ count }) => count > 0).map(({ startOffset, endOffset }) => `${url}:${startOffset}-${endOffset}`),
  );
}
