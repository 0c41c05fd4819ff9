import type { Origin } from "../support/origin.ts";
import { startGateway } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";

/** What ASP.NET Core can do, as far as the suite covers it. */
export const aspNetTraits: SuiteTraits = {
  offers: ["WebSockets", "ServerSentEvents", "LongPolling"],
  transports: ["WebSockets"],
  protocols: ["json", "messagepack"],
  gateway: false,
  detailedHub: true,
};

export const gatewayTraits: SuiteTraits = { ...aspNetTraits, gateway: true };

export async function connectDirectly(): Promise<SuiteTarget> {
  const origin = await startAspNetOrigin();
  return { url: origin.url, origin, stop: () => origin.stop() };
}

/** A gateway without rules in front of the origin, which it stops with itself. */
export async function connectThroughGateway(origin: Origin): Promise<SuiteTarget> {
  const gateway = await startGateway({ origin });
  return {
    url: gateway.url,
    origin,
    stop: async () => {
      await gateway.stop();
      await origin.stop();
    },
  };
}
