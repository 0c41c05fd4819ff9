import { Random } from "../simulation/random.ts";
import type { BlockCoverage } from "./block-coverage.ts";
import { checkCost } from "./cost-meter.ts";
import { minimize } from "./minimize.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

export interface Failure {
  readonly input: Buffer;
  readonly error: unknown;
}

/** Coverage is read after so many runs at first, and less and less often while nothing new is reached. */
const firstBatch = 1000;

/**
 * Fuzzes one target, guided by coverage. Every input is made from the seed, its own number and the corpus, so that a batch
 * that reached something new is made again, half by half, until the input that did it is found.
 */
export class Fuzzer {
  readonly target: Target;
  readonly corpus: Buffer[];
  /** What joined the corpus in this run. */
  readonly found: Buffer[] = [];
  readonly #coverage: BlockCoverage;
  readonly #seed: number;
  #batch = firstBatch;
  #next = 0;
  executions = 0;
  elapsedMs = 0;

  constructor(target: Target, corpus: readonly Buffer[], coverage: BlockCoverage, seed: number) {
    this.target = target;
    this.corpus = [...target.seeds, ...corpus];
    this.#coverage = coverage;
    this.#seed = seed;
  }

  /** Runs what is known already, so that only news counts as news. */
  async begin(): Promise<Failure | undefined> {
    for (const input of this.corpus) {
      const failure = await this.#execute(input);
      if (failure !== undefined) return failure;
    }
    this.#coverage.learn(this.#coverage.takeNew());
    return undefined;
  }

  /** One batch after another until the time is over. */
  async runFor(durationMs: number): Promise<Failure | undefined> {
    const startedAtMs = performance.now();
    try {
      while (performance.now() - startedAtMs < durationMs) {
        const failure = await this.#runBatch();
        if (failure !== undefined) return failure;
      }
      return undefined;
    } finally {
      this.elapsedMs += performance.now() - startedAtMs;
    }
  }

  async #runBatch(): Promise<Failure | undefined> {
    const first = this.#next;
    const end = first + Math.min(this.#batch, this.target.maxBatch);
    const failure = await this.#runRange(first, end);
    this.#next = end;
    if (failure !== undefined) return failure;
    const found = this.#coverage.takeNew();
    if (found.length === 0) {
      this.#batch = Math.min(this.#batch * 2, this.target.maxBatch);
      return undefined;
    }
    this.#batch = firstBatch;
    const input = await this.#locate(first, end);
    this.#coverage.learn(found);
    if (input === undefined) return undefined;
    this.corpus.push(input);
    this.found.push(input);
    return undefined;
  }

  /** The first input of the range that reaches a block nobody reached before; `undefined` if that does not repeat. */
  async #locate(first: number, end: number): Promise<Buffer | undefined> {
    let low = first;
    let high = end;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      await this.#runRange(low, middle);
      if (this.#coverage.takeNew().length > 0) high = middle;
      else low = middle;
    }
    await this.#runRange(low, high);
    return this.#coverage.takeNew().length > 0 ? this.#inputAt(low) : undefined;
  }

  async #runRange(first: number, end: number): Promise<Failure | undefined> {
    for (let index = first; index < end; index += 1) {
      const input = this.#inputAt(index);
      const startedAtMs = performance.now();
      try {
        const running = this.target.run(input);
        if (this.target.isAsync) await running;
        else checkCost(this.target, input, performance.now() - startedAtMs);
      } catch (error) {
        return { input: await this.#smallest(input), error };
      }
    }
    this.executions += end - first;
    return undefined;
  }

  #inputAt(index: number): Buffer {
    return mutate(new Random(Math.imul(this.#seed, 0x9e3779b1) ^ index), this.#material);
  }

  get #material() {
    const { dictionary, maxBytes } = this.target;
    return { corpus: this.corpus, dictionary, maxBytes };
  }

  async #execute(input: Buffer): Promise<Failure | undefined> {
    try {
      await this.target.run(input);
      return undefined;
    } catch (error) {
      return { input, error };
    }
  }

  #smallest(input: Buffer): Promise<Buffer> {
    return minimize(input, async (shorter) => (await this.#execute(shorter)) !== undefined);
  }
}
