import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, type as systemType, totalmem } from "node:os";

/** What figures depend on besides the code. */
export function describeMachine(): string {
  const [first] = cpus();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${first?.model.trim() ?? "unknown"}), ${gibibytes} GiB, ${systemType()} ${release()}, Node ${process.versions.node}, .NET ${dotnetVersion()}`;
}

/** The mean number of running processes over the last minute; a quiet machine has less than 0.3. */
export function loadAverage(): number {
  return loadavg()[0] ?? 0;
}

/** Short hash; with `+` behind it if there are changes that are not committed. */
export function describeCommit(folder: string): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
  try {
    const isClean = git("status", "--porcelain") === "";
    return `${git("rev-parse", "--short", "HEAD")}${isClean ? "" : "+"}`;
  } catch (error) {
    if (error instanceof Error) return "unknown";
    throw error;
  }
}

function dotnetVersion(): string {
  const runtimes = execFileSync("dotnet", ["--list-runtimes"], { encoding: "utf8" });
  return [...runtimes.matchAll(/^Microsoft\.AspNetCore\.App (10\.\S+)/gm)].at(-1)?.[1] ?? "unknown";
}
