import { startGatewayProcess } from "../support/gateway-process.ts";
import type { Origin } from "../support/origin.ts";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";

/** What clients of a load test talk to, in a process of its own: an origin, or a gateway in front of it. */
export interface LoadTarget {
  /** Of the contract hub. */
  readonly hubUrl: string;
  /** The process that serves the clients. */
  readonly pid: number;
  readonly origin: Origin;
  stop(): Promise<void>;
}

export interface LoadSide {
  /** As in the other files of the suite, so that reports have all sides of a statement in one line. */
  readonly name: string;
  /** The gateway has the group rules of the contract hub. */
  readonly groups: boolean;
  start(): Promise<LoadTarget>;
}

/** An origin without a gateway, and the gateway's two kinds of hubs. */
export const loadSides: readonly LoadSide[] = [
  { name: "directly", groups: false, start: startDirect },
  { name: "through a gateway without rules", groups: false, start: () => startThroughGateway({}) },
  {
    name: "through a gateway with group rules",
    groups: true,
    start: () => startThroughGateway({ groups: contractGroups }),
  },
];

async function startDirect(): Promise<LoadTarget> {
  const origin = await startAspNetOrigin();
  const { pid } = origin;
  if (pid === undefined) throw new Error("the origin has no process of its own");
  return { hubUrl: origin.hubUrl(hubPaths.contract), pid, origin, stop: () => origin.stop("SIGKILL") };
}

async function startThroughGateway(contractRules: object): Promise<LoadTarget> {
  const origin = await startAspNetOrigin();
  const gateway = await startGatewayProcess({ origin, hubs: { [hubPaths.contract]: contractRules } });
  return {
    hubUrl: gateway.hubUrl(hubPaths.contract),
    pid: gateway.pid,
    origin,
    stop: async () => {
      await gateway.stop("SIGKILL");
      await origin.stop("SIGKILL");
    },
  };
}
