import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** The demo starts a thread from a built file, so it is tested as it is used. */
const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [cli, "demo", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    texts.stderr += chunk;
  });
  const ended = once(child, "close").then(([exitCode]) => ({ exitCode: Number(exitCode), ...texts }));
  return { child, texts, ended };
}

describe.skipIf(!existsSync(cli))("the demo command", () => {
  test("prints one JSON object with the result as its only output, and explains itself on stderr", async () => {
    const { exitCode, stdout, stderr } = await start("--clients", "20", "--seconds", "1", "--json").ended;
    expect(stderr).toContain("nothing lost, duplicated, reordered or misrouted");
    expect(exitCode).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ clients: 20, groups: 40, originConnections: 2, clientConnections: 20, seconds: 1 });
    expect(result).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, misrouted: 0 });
    for (const name of ["originMessages", "originBytes", "deliveries", "clientBytes"]) {
      expect(result[name], name).toBeGreaterThan(0);
    }
    expect(result.latencyMs.p50).toBeGreaterThan(0);
    expect(result.latencyMs.max).toBeGreaterThanOrEqual(result.latencyMs.p99);
  });

  test("without a length it runs until it is interrupted, and then sums up", async () => {
    const { child, ended } = start("--clients", "12");
    const interrupt = (chunk: unknown): void => {
      if (!/^\d+ s: 12 clients/m.test(String(chunk))) return;
      child.stdout.off("data", interrupt);
      child.kill("SIGINT");
    };
    child.stdout.on("data", interrupt);
    const { exitCode, stdout } = await ended;
    expect(stdout.trim().split("\n").at(-1)).toMatch(/^12 clients, .* nothing lost/);
    expect(exitCode).toBe(0);
  });
});
