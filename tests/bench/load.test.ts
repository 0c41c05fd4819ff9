import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import type { Result } from "./load/results.ts";

/** The bench as a command, in its tiny size: that everything arrives, and nothing about speed. */
const repository = fileURLToPath(new URL("../../", import.meta.url));
const compiler = join(repository, "node_modules/typescript/bin/tsc");
const bench = join(repository, "tests/bench/load/dist/main.js");
const folder = mkdtempSync(join(tmpdir(), "signalr-edge-bench-test-"));
const run = promisify(execFile);
/** For machines that others use. */
const timeoutMs = 300_000;

/** Resolves with exit code 2 as well, which `execFile` takes for an error. */
async function exitOf(...args: readonly string[]): Promise<{ code: unknown; stderr: string }> {
  try {
    const { stderr } = await run(process.execPath, [bench, ...args]);
    return { code: 0, stderr };
  } catch (error) {
    if (error instanceof Error && "code" in error && "stderr" in error)
      return { code: error.code, stderr: String(error.stderr) };
    throw error;
  }
}

beforeAll(() => run(process.execPath, [compiler, "-b", join(repository, "tests/bench/load")]), timeoutMs);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!aspNetOriginAvailable || process.platform !== "linux")("the load bench", () => {
  test("every client gets every message, over every transport, beside slow ones, and as the official client counts", {
    timeout: timeoutMs,
  }, async () => {
    const json = join(folder, "figures.json");
    const only = "steady,slow,transports,official";
    const args = ["--tiny", "--only", only, "--system", "gateway,floor", "--json", json];
    const { stdout } = await run(process.execPath, [bench, ...args]);
    expect(stdout).toContain("Nothing was lost, doubled or out of order.");

    const { results, failures } = JSON.parse(readFileSync(json, "utf8")) as { results: Result[]; failures: string[] };
    expect(failures).toEqual([]);
    expect(results.map(({ workload, variant, system }) => `${workload} ${system} ${variant}`.trim())).toEqual([
      ...["steady gateway", "steady floor"],
      ...["slow gateway none slow", "slow gateway 5 % slow"],
      ...["transports gateway", "official gateway"],
    ]);
    for (const { workload, system, rounds } of results) {
      const [figures = {}] = rounds;
      const name = `${workload} ${system}`;
      expect(figures.expected, name).toBeGreaterThan(0);
      expect(figures.delivered, name).toBe(figures.expected);
      expect(figures.latencySamples, name).toBeGreaterThan(0);
    }
  });

  test("clients cost the origin a connection and a copy each directly, and one of both through the gateway", {
    timeout: timeoutMs,
  }, async () => {
    const json = join(folder, "origin.json");
    await run(process.execPath, [bench, "--tiny", "--only", "origin", "--system", "direct,gateway", "--json", json]);
    const { results } = JSON.parse(readFileSync(json, "utf8")) as { results: Result[] };
    const [direct, gateway] = results.map(({ rounds: [figures = {}] }) => figures);
    for (const figures of [direct, gateway]) expect(figures?.delivered).toBe(figures?.expected);
    expect(direct?.originConnections).toBe(direct?.clients);
    expect(gateway?.originConnections).toBe(1);
    // Not more than pings beside the one copy.
    expect(gateway?.originBytesOut).toBeLessThan(((direct?.originBytesOut ?? 0) / (direct?.clients ?? 1)) * 1.2);
  });

  test("an interrupt ends every process and leaves no files", { timeout: timeoutMs }, async () => {
    const mark = `BENCH_MARK=${folder}`;
    const child = execFile(process.execPath, [bench, "--tiny", "--only", "idle"], {
      env: { ...process.env, TMPDIR: folder, BENCH_MARK: folder },
    });
    const exited = new Promise((resolve) => child.on("exit", resolve));
    // The first case has ended, the second is running.
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (chunk: string) => {
        if (chunk.includes("idle bare")) resolve();
      });
    });
    child.kill("SIGINT");
    expect(await exited).toBe(130);
    await expect.poll(() => processesWith(mark)).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith("signalr-edge-bench-"))).toEqual([]);
  });
});

describe("the command line of the load bench", () => {
  test.each([
    [["--only", "nonsense"], "there is no workload nonsense"],
    [["--system", "nonsense"], "there is no system nonsense"],
    [["--rounds", "0"], "--rounds is a number from 1 to 100, not 0"],
    [["--write", "--tiny"], "--write is for whole runs"],
    [["--fast"], "Unknown option '--fast'"],
  ])("%j is refused in words", async (args, words) => {
    const { code, stderr } = await exitOf(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

/** Pids whose environment has the entry. */
function processesWith(entry: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(entry);
    } catch (error) {
      // It is gone by now, or somebody else's.
      if (error instanceof Error && "code" in error) return false;
      throw error;
    }
  });
}
