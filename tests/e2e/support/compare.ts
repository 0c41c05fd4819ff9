import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGateway, loadConfig } from "@signalr-edge/gateway";
import type { CompareResult } from "../../../packages/gateway/src/compare/compare-result.ts";
import { runCompare } from "../../../packages/gateway/src/compare/run-compare.ts";
import { hubPaths, type Origin } from "../../support/origin.ts";

export interface Comparison {
  readonly code: number;
  readonly result: CompareResult;
  /** What a person sees. */
  readonly text: string;
}

export interface ComparisonOptions {
  /** Settings of the contract hub, as in the file. */
  readonly hub: object;
  /** As in the file. */
  readonly scenario: object;
  readonly limits?: Readonly<Record<string, number>>;
  /** Between gateway and origin: the URL by which the gateway knows the origin. */
  readonly originUrl?: string;
  /** Called over and over while the comparison runs. */
  readonly publish?: () => Promise<unknown>;
}

/** `signalr-edge compare` of an origin and a gateway with a configuration of its own. */
export async function compare(
  origin: Origin,
  { hub, scenario, limits = {}, originUrl = origin.url, publish }: ComparisonOptions,
): Promise<Comparison> {
  const config = {
    listen: { port: 0 },
    admin: { port: 0 },
    hubs: [{ path: hubPaths.contract, origin: `${originUrl}${hubPaths.contract}`, ...hub }],
    limits: { drainTimeoutMs: 500, ...limits },
  };
  const loaded = loadConfig(JSON.stringify(config), { format: "json", environment: {}, fileName: "test" });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const gateway = createGateway(loaded.config);
  const { url, adminUrl } = await gateway.start();
  const folder = await mkdtemp(join(tmpdir(), "signalr-edge-compare-"));
  const fileName = join(folder, "scenario.json");
  await writeFile(fileName, JSON.stringify(scenario));
  let [stdout, stderr] = ["", ""];
  try {
    const running = runCompare(loaded.config, {
      scenario: fileName,
      ...{ origin: origin.url, gateway: url, admin: adminUrl },
      ...{ pairs: undefined, seed: undefined, seconds: undefined, json: true },
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    });
    const ended = new AbortController();
    const [code] = await Promise.all([
      running.finally(() => ended.abort()),
      publish === undefined ? undefined : publishUntil(ended.signal, publish),
    ]);
    const last = stdout.trim().split("\n").at(-1) ?? "";
    if (last === "") throw new Error(`compare ended with ${code} and no result:\n${stderr}`);
    return { code, result: JSON.parse(last) as CompareResult, text: stderr };
  } finally {
    await gateway.stop();
    await rm(folder, { recursive: true });
  }
}

async function publishUntil(ended: AbortSignal, publish: () => Promise<unknown>): Promise<void> {
  while (!ended.aborted) await publish();
}
