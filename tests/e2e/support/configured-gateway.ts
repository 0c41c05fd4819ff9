import { createGateway, type Gateway, loadConfig } from "@signalr-edge/gateway";
import { hubPaths } from "../../support/origin.ts";
import { GatewayLog } from "./gateway-log.ts";

export interface ConfiguredGateway {
  readonly url: string;
  readonly adminUrl: string;
  readonly gateway: Gateway;
  readonly log: GatewayLog;
}

/** A gateway in the test process with a configuration as in the file, `listen` and `admin` on free ports. */
export async function startConfigured(config: {
  readonly hubs: readonly object[];
  readonly [key: string]: unknown;
}): Promise<ConfiguredGateway> {
  const complete = {
    ...config,
    listen: { port: 0, ...(config.listen as object | undefined) },
    admin: { port: 0, ...(config.admin as object | undefined) },
    limits: { drainTimeoutMs: 500, ...(config.limits as object | undefined) },
  };
  const loaded = loadConfig(JSON.stringify(complete), { format: "json", environment: {}, fileName: "test" });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const log = new GatewayLog();
  const gateway = createGateway(loaded.config, { log, environment: {} });
  return { ...(await gateway.start()), gateway, log };
}

/** One hub at the contract hub's path. */
export function contractHub(origin: string, settings: object = {}): object {
  return { path: hubPaths.contract, origin, ...settings };
}
