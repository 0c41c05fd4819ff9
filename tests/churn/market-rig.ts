import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { request } from "undici";
import { setup as buildOrigin, originAssembly } from "../support/build-origin.ts";
import type { Origin } from "../support/origin.ts";
import { type MarketSettings, startAspNetOrigin } from "../support/start-origin.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const hubPath = "/hubs/market";

type GatewayProcess = ChildProcessByStdio<null, Readable, Readable>;

export interface MarketState {
  readonly epoch: number;
  /** The last of each topic. */
  readonly sequences: readonly number[];
  /** Calls of hub methods that join, by hub protocol. */
  readonly joins: Readonly<Partial<Record<"json" | "messagepack", number>>>;
}

export interface MarketRigOptions {
  readonly market: MarketSettings;
  readonly groups: readonly object[];
  /** More settings of the hub, and of the file's section `limits`. */
  readonly hub?: object;
  readonly limits?: Readonly<Record<string, number>>;
}

/** The ASP.NET Core origin with its market, and the built gateway in front of it, each in a process of its own. */
export class MarketRig {
  readonly origin: Origin;
  readonly hubUrl: string;
  readonly #adminUrl: string;
  readonly #gateway: GatewayProcess;
  readonly #folder: string;

  private constructor(
    origin: Origin,
    gateway: GatewayProcess,
    folder: string,
    addresses: { readonly url: string; readonly adminUrl: string },
  ) {
    this.origin = origin;
    this.#gateway = gateway;
    this.#folder = folder;
    this.hubUrl = `${addresses.url}${hubPath}`;
    this.#adminUrl = addresses.adminUrl;
  }

  static async start({ market, groups, hub = {}, limits = {} }: MarketRigOptions): Promise<MarketRig> {
    await Promise.all([buildOrigin(), buildGateway()]);
    if (!existsSync(originAssembly)) throw new Error("the load needs the ASP.NET Core origin: install the .NET 10 SDK");
    const origin = await startAspNetOrigin({ market });
    const folder = await mkdtemp(join(tmpdir(), "signalr-edge-churn-"));
    const file = join(folder, "gateway.json");
    const config = {
      listen: { port: 0 },
      admin: { port: 0 },
      hubs: [{ path: hubPath, origin: `${origin.url}${hubPath}`, groups, ...hub }],
      limits: { gapSpreadMs: 500, drainTimeoutMs: 500, ...limits },
    };
    await writeFile(file, JSON.stringify(config));
    const cli = join(root, "packages/gateway/dist/cli.js");
    const gateway = spawn(process.execPath, [cli, "run", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
    try {
      return new MarketRig(origin, gateway, folder, await readAddresses(gateway));
    } catch (error) {
      await origin.stop("SIGKILL");
      throw error;
    }
  }

  async market(): Promise<MarketState> {
    return (await ask(`${this.origin.url}/control/market`, "GET")) as MarketState;
  }

  /** Ends the publishers; nothing is sent any more when it resolves. */
  async closeMarket(): Promise<MarketState> {
    return (await ask(`${this.origin.url}/control/close-market`, "POST")) as MarketState;
  }

  /** Kills the origin's process and starts it again; resolves when it listens. */
  async killOrigin(): Promise<void> {
    await this.origin.stop("SIGKILL");
    await this.origin.restart();
  }

  /** The sum of a metric's samples. */
  async metric(name: string): Promise<number> {
    const response = await request(`${this.#adminUrl}/metrics`);
    const lines = (await response.body.text()).split("\n");
    const samples = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (samples.length === 0) throw new Error(`the gateway has no metric ${name}`);
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  async stop(): Promise<void> {
    const exited = once(this.#gateway, "exit");
    this.#gateway.kill("SIGTERM");
    await exited;
    await this.origin.stop("SIGKILL");
    await rm(this.#folder, { recursive: true });
  }
}

async function buildGateway(): Promise<void> {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "-b", "packages/gateway"], { cwd: root });
}

/** Reads the log until the gateway has started, and keeps reading so that it never waits for the pipe. */
async function readAddresses(gateway: GatewayProcess): Promise<{ readonly url: string; readonly adminUrl: string }> {
  gateway.stdout.resume();
  const lines: string[] = [];
  for await (const line of createInterface({ input: gateway.stderr })) {
    lines.push(line);
    const entry = line.startsWith("{") ? (JSON.parse(line) as Record<string, string>) : {};
    if (entry.event !== "gateway.started" || entry.url === undefined || entry.adminUrl === undefined) continue;
    gateway.stderr.resume();
    return { url: entry.url, adminUrl: entry.adminUrl };
  }
  throw new Error(`the gateway did not start:\n${lines.join("\n")}`);
}

async function ask(url: string, method: "GET" | "POST"): Promise<unknown> {
  const response = await request(url, { method, headersTimeout: 0 });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`${method} ${url} answered ${response.statusCode}: ${text}`);
  return JSON.parse(text);
}
