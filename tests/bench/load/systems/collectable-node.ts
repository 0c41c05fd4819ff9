import { setTimeout as wait } from "node:timers/promises";
import type { RoleProcess } from "../role-processes.ts";

/**
 * What Node needs to collect garbage on a signal. Without it, memory per client would be a matter of when the collector
 * last ran.
 */
export const collectableNode: readonly string[] = [
  "--expose-gc",
  "--import",
  new URL("collect-on-signal.js", import.meta.url).href,
];

const timeToCollectMs = 500;

export async function collectNodeGarbage({ child }: RoleProcess): Promise<void> {
  child.kill("SIGUSR2");
  await wait(timeToCollectMs);
}
