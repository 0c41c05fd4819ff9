import type { ReloadOutcome } from "./config/reload-plan.ts";

/**
 * Reads a configuration file again when it is asked to. What is asked while the file is being read is answered by one
 * more reading after that, however often it was: the newest content counts.
 */
export class ReloadFile {
  readonly #reload: () => Promise<ReloadOutcome>;
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;

  constructor(reload: () => Promise<ReloadOutcome>) {
    this.#reload = reload;
  }

  readonly ask = (): Promise<ReloadOutcome> => {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  };

  #start(): Promise<ReloadOutcome> {
    this.#next = undefined;
    const running = this.#reload();
    this.#running = running;
    const end = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(end, end);
    return running;
  }
}
