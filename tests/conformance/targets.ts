import { readFileSync } from "node:fs";
import { httpOriginControl } from "../support/http-origin-control.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { contractGroups, startGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";

/** What the command `npm run conformance` (main.ts) tells the tests that it runs. */
const { CONFORMANCE_ORIGIN, CONFORMANCE_GATEWAY, CONFORMANCE_TRANSPORTS, CONFORMANCE_VARIANTS, CONFORMANCE_FULL } =
  process.env;

/** False where there is neither .NET nor an origin that somebody else has started. */
export const originAvailable = CONFORMANCE_ORIGIN !== undefined || aspNetOriginAvailable;

/** True if the gateway under test is the one of this repository, with an origin whose process belongs to the tests. */
export const ownProcesses = CONFORMANCE_ORIGIN === undefined && aspNetOriginAvailable;

/** True if what takes minutes is tested in its full size (`npm run conformance -- --full`). */
export const isFullSize = CONFORMANCE_FULL === "true";

const transports = (CONFORMANCE_TRANSPORTS ?? "WebSockets,ServerSentEvents,LongPolling").split(",") as TransportName[];

/** What ASP.NET Core can do, as far as the suite covers it. */
export const aspNetTraits: SuiteTraits = {
  offers: transports,
  transports,
  protocols: ["json", "messagepack"],
  gateway: false,
  detailedHub: CONFORMANCE_VARIANTS !== "false",
  variants: CONFORMANCE_VARIANTS !== "false",
  groups: false,
};

/** Whatever the origin offers, a gateway offers all transports. */
export const gatewayTraits: SuiteTraits = {
  ...aspNetTraits,
  offers: ["WebSockets", "ServerSentEvents", "LongPolling"],
  transports: ["WebSockets", "ServerSentEvents", "LongPolling"],
  gateway: true,
  knownGaps: readKnownGaps(),
};

/** As `gatewayTraits`, with the group rules of the contract hub. */
export const groupRuleTraits: SuiteTraits = { ...gatewayTraits, groups: true };

/** The ASP.NET Core origin, in a process of its own unless the command has named one. */
export async function startOrigin(): Promise<Origin> {
  return CONFORMANCE_ORIGIN === undefined ? startAspNetOrigin() : externalOrigin(CONFORMANCE_ORIGIN);
}

export async function connectDirectly(): Promise<SuiteTarget> {
  const origin = await startOrigin();
  return { url: origin.url, origin, stop: () => origin.stop() };
}

/** The gateway that the command has named, or one without rules, in front of `startOrigin`. */
export async function connectThroughAnyGateway(): Promise<SuiteTarget> {
  const origin = await startOrigin();
  if (CONFORMANCE_GATEWAY === undefined) return connectThroughGateway(origin);
  return { url: CONFORMANCE_GATEWAY, origin, stop: () => origin.stop() };
}

/** A gateway with the group rules of the contract hub, in front of `startOrigin`. */
export async function connectThroughGroupRules(): Promise<SuiteTarget> {
  return connectThroughGateway(await startOrigin(), { groups: contractGroups, forwardHeaders: ["*"] });
}

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

/** Somebody else started it, and stops it. */
function externalOrigin(url: string): Origin {
  return {
    url,
    pid: undefined,
    control: httpOriginControl(url),
    hubUrl: (path) => `${url}${path}`,
    stop: async () => undefined,
    restart: async () => {
      throw new Error(`${url} is not ours to restart`);
    },
  };
}

/** Names of tests, or their numbers, each with the reason for which a gateway may fail them. */
function readKnownGaps(): readonly string[] {
  const gaps: unknown = JSON.parse(readFileSync(new URL("known-gaps.json", import.meta.url), "utf8"));
  return typeof gaps === "object" && gaps !== null ? Object.keys(gaps) : [];
}
