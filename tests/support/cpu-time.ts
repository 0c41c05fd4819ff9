import { existsSync, readFileSync } from "node:fs";

/** Of the kernel's clock for processes, whatever the machine's. */
const ticksPerSecond = 100;

/** False where `cpuSecondsOf` cannot work: it asks Linux. */
export const cpuTimeAvailable = existsSync("/proc/self/stat");

/** What a process has used of all CPUs since it started, in user and system mode. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the command stands in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
