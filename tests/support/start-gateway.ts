import { createGateway, type Gateway, type Logger, loadConfig } from "@signalr-edge/gateway";
import type { HubPath, Origin } from "./origin.ts";
import { hubPaths } from "./origin.ts";

/** A gateway in the test process, in front of one origin. */
export interface TestGateway {
  readonly url: string;
  readonly adminUrl: string;
  readonly gateway: Gateway;
  hubUrl(path: HubPath): string;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly origin: Pick<Origin, "hubUrl">;
  /** Settings of hubs as in the file, `path` and `origin` left out. Default: every hub transparent. */
  readonly hubs?: Partial<Record<HubPath, object>>;
  readonly limits?: Readonly<Record<string, number>>;
  /** Default: none. */
  readonly log?: Logger;
}

/** Starts a gateway with the configuration that a user would write; every hub that is not named is transparent. */
export async function startGateway({ origin, hubs = {}, limits = {}, log }: TestGatewayOptions): Promise<TestGateway> {
  const config = {
    listen: { port: 0 },
    admin: { port: 0 },
    hubs: Object.values(hubPaths).map((path) => ({ path, origin: origin.hubUrl(path), ...hubs[path] })),
    limits: { drainTimeoutMs: 1000, gapSpreadMs: 100, ...limits },
  };
  const loaded = loadConfig(JSON.stringify(config), { format: "json", environment: {}, fileName: "test" });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const gateway = createGateway(loaded.config, log === undefined ? {} : { log });
  const { url, adminUrl } = await gateway.start();
  return { url, adminUrl, gateway, hubUrl: (path) => `${url}${path}`, stop: () => gateway.stop() };
}

/** Rules for the groups of the contract hub. */
export const contractGroups = [
  {
    name: "event",
    access: "public",
    join: { method: "Subscribe", key: "{0}" },
    leave: { method: "Unsubscribe", key: "{0}" },
    messages: [
      { target: "OddsChanged", key: "{0.eventId}" },
      { target: "KindsChanged", key: "{0.eventId}" },
    ],
  },
  {
    name: "text",
    access: "public",
    join: { method: "SubscribeText", key: "{0}" },
    leave: { method: "UnsubscribeText", key: "{0}" },
    messages: [{ target: "TextChanged", key: "{0.key}" }],
  },
];
