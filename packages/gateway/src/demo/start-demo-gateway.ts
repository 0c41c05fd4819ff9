import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { createGateway, type Gateway, type GatewayAddress } from "../gateway.ts";
import { portOrAny } from "../http/port-or-any.ts";
import { oddsHubPath } from "./odds-hub.ts";

const host = "127.0.0.1";
const [preferredPort, preferredAdminPort] = [8080, 9090];

export interface StartedGateway {
  readonly gateway: Gateway;
  readonly address: GatewayAddress;
}

/** The gateway of the demo: one hub, one group rule. On the usual ports if nobody has them, else on free ones. */
export async function startDemoGateway(originUrl: string): Promise<StartedGateway> {
  const ports = [await portOrAny(preferredPort, host), await portOrAny(preferredAdminPort, host)] as const;
  try {
    return await start(demoConfig(originUrl, ...ports));
  } catch (error) {
    // Somebody took one since it was tried.
    if (!isAddressInUse(error)) throw error;
    return start(demoConfig(originUrl, 0, 0));
  }
}

async function start(config: Config): Promise<StartedGateway> {
  const gateway = createGateway(config);
  return { gateway, address: await gateway.start() };
}

function demoConfig(originUrl: string, port: number, adminPort: number): Config {
  const loaded = loadConfig(demoYaml(originUrl, port, adminPort), { environment: {}, fileName: "demo" });
  if (loaded.ok) return loaded.config;
  throw new Error(`the demo's configuration is wrong: ${loaded.errors.map(({ message }) => message).join("; ")}`);
}

function demoYaml(originUrl: string, port: number, adminPort: number): string {
  return `
listen: { host: ${host}, port: ${port} }
admin: { host: ${host}, port: ${adminPort} }
log: { level: warn }
hubs:
  - path: ${oddsHubPath}
    origin: ${originUrl}${oddsHubPath}
    authentication: none
    groups:
      - name: event
        access: public
        join: { method: SubscribeToEvent, key: "{0}" }
        leave: { method: UnsubscribeFromEvent, key: "{0}" }
        messages:
          - { target: OddsChanged, key: "{0.eventId}" }
`;
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
