import { hubPaths, type Origin } from "../support/origin.ts";
import { startGateway } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";

/** What ASP.NET Core can do, as far as the suite covers it. */
export const aspNetTraits: SuiteTraits = {
  offers: ["WebSockets", "ServerSentEvents", "LongPolling"],
  transports: ["WebSockets", "ServerSentEvents", "LongPolling"],
  protocols: ["json", "messagepack"],
  gateway: false,
  detailedHub: true,
  variants: true,
  groups: false,
};

export const gatewayTraits: SuiteTraits = { ...aspNetTraits, gateway: true };

export async function connectDirectly(): Promise<SuiteTarget> {
  const origin = await startAspNetOrigin();
  return { url: origin.url, origin, stop: () => origin.stop() };
}

/** As `gatewayTraits`, with the group rules of the contract hub. */
export const groupRuleTraits: SuiteTraits = { ...gatewayTraits, groups: true };

/** A gateway in front of the origin, which it stops with itself. Without rules, unless the contract hub gets some. */
export async function connectThroughGateway(origin: Origin, contractRules: object = {}): Promise<SuiteTarget> {
  // As at the origin, one hub allows stateful reconnect.
  const others = Object.values(hubPaths).filter((path) => path !== hubPaths.stateful);
  const hubs = Object.fromEntries(others.map((path) => [path, { statefulReconnect: false }]));
  const contract = { ...hubs[hubPaths.contract], ...contractRules };
  const gateway = await startGateway({ origin, hubs: { ...hubs, [hubPaths.contract]: contract } });
  return {
    url: gateway.url,
    origin,
    stop: async () => {
      await gateway.stop();
      await origin.stop();
    },
  };
}
