import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Figures } from "./figures.ts";
import { RoleProcesses } from "./role-processes.ts";
import { Session } from "./session.ts";
import { buildCFloor } from "./systems/controls.ts";
import { build } from "./systems/dotnet-projects.ts";
import { missingNginx } from "./systems/proxies.ts";
import { startSystem } from "./systems/start-system.ts";
import type { SystemName, SystemOptions } from "./systems/system.ts";

/** The place where cases run: cores, files, and every process that runs just now. */
export class Lab {
  readonly subjectCores: string | undefined;
  readonly otherCores: string | undefined;
  /** Why a system cannot be had here. */
  readonly missing = new Map<SystemName, string>();
  readonly #folder = mkdtempSync(join(tmpdir(), "signalr-edge-bench-"));
  readonly #running = new Set<RoleProcesses>();

  constructor(pins: boolean) {
    const cores = pins ? availableParallelism() : 1;
    this.subjectCores = cores > 1 ? "0" : undefined;
    this.otherCores = cores > 2 ? `1-${cores - 1}` : cores === 2 ? "1" : undefined;
  }

  get pinning(): string {
    return this.subjectCores === undefined
      ? "nothing is pinned: one core, or --tiny"
      : `the system under test on core ${this.subjectCores}, origin and clients on ${this.otherCores} (taskset)`;
  }

  /** Builds what the systems need. Throws if there is no origin: without it there is nothing to measure. */
  async prepare(): Promise<void> {
    const origin = await build("origin");
    if (origin !== undefined) throw new Error(`the bench needs the .NET 10 SDK for its origin: ${origin}`);
    const problems: readonly [SystemName, string | undefined][] = [
      ["yarp", await build("yarp")],
      ["nginx", await missingNginx()],
      ["c", await buildCFloor(this.#folder)],
    ];
    for (const [name, problem] of problems) if (problem !== undefined) this.missing.set(name, problem);
  }

  /** Runs `body` on a fresh system. All of its processes are gone when this settles, at the latest after the limit. */
  async run(
    name: SystemName,
    options: SystemOptions & { readonly timeLimitMs: number },
    body: (session: Session) => Promise<Figures>,
  ): Promise<Figures> {
    const roles = new RoleProcesses();
    this.#running.add(roles);
    const surroundings = {
      roles,
      folder: this.#folder,
      subjectCores: this.subjectCores,
      otherCores: this.otherCores,
    };
    const limit = new AbortController();
    try {
      const work = startSystem(name, surroundings, options).then((system) => body(new Session(system, surroundings)));
      return await Promise.race([work, overdue(options.timeLimitMs, limit.signal)]);
    } finally {
      limit.abort();
      await roles.stop();
      this.#running.delete(roles);
    }
  }

  /** Kills what runs and removes all files. */
  close(): void {
    for (const roles of this.#running) roles.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function overdue(timeLimitMs: number, signal: AbortSignal): Promise<never> {
  await wait(timeLimitMs, undefined, { signal, ref: false }).catch(() => undefined);
  throw new Error(`took longer than ${timeLimitMs} ms`);
}
