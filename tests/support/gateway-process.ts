import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "./command.ts";
import { type HubPath, hubPaths, type Origin } from "./origin.ts";

/** A gateway as it runs in production: the command, in a process of its own. Build it first (`buildCommand`). */
export interface GatewayProcess {
  readonly url: string;
  readonly pid: number;
  hubUrl(path: HubPath): string;
  /** Ends it and waits until it is gone. `SIGKILL` is the death of the process; the default `SIGTERM` drains it. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface GatewayProcessOptions {
  readonly origin: Pick<Origin, "hubUrl">;
  /** Settings of hubs as in the file, `path` and `origin` left out. Default: every hub transparent. */
  readonly hubs?: Partial<Record<HubPath, object>>;
}

/** Whoever starts it stops it. */
export async function startGatewayProcess({ origin, hubs = {} }: GatewayProcessOptions): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), "signalr-edge-"));
  const file = join(folder, "gateway.json");
  const config = {
    listen: { port: 0 },
    admin: { port: 0 },
    log: { level: "error" },
    hubs: Object.values(hubPaths).map((path) => ({ path, origin: origin.hubUrl(path), ...hubs[path] })),
    limits: { drainTimeoutMs: 1000 },
  };
  await writeFile(file, JSON.stringify(config));
  const command = Command.launch(["run", "--config", file]);
  const url = await command.find("stdout", /^listening on (http:\/\/\S+)$/m);
  return {
    url,
    pid: command.pid,
    hubUrl: (path) => `${url}${path}`,
    stop: async (signal = "SIGTERM") => {
      command.kill(signal);
      await command.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
