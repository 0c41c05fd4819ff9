import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process has used so far, and holds now. */
export interface ProcessUsage {
  /** User and system time of all its threads, in steps of a clock tick (10 ms). */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Reads /proc. Throws if the process is gone. */
export function readUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // proc(5): the name stands in parentheses and may hold spaces. utime and stime are fields 14 and 15, the name is 2.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuMs: (ticks * 1000) / ticksPerSecond, rssBytes: rssOf(pid) };
}

const ticksPerSecond = process.platform === "linux" ? Number(execFileSync("getconf", ["CLK_TCK"])) : 100;

function rssOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return Number(kibibytes ?? 0) * 1024;
}
