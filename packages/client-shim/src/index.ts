export * from "@microsoft/signalr";
export { configureEdge, type EdgeOptions } from "./configure-edge.ts";
export { EdgeHubConnectionBuilder as HubConnectionBuilder } from "./edge-hub-connection-builder.ts";
export type { Fallback } from "./gateway-first.ts";
export type { Rejoin } from "./rejoin-after-reconnect.ts";
export type { RejoinRule } from "./remembered-calls.ts";
export { rolloutPosition } from "./rollout.ts";
export type { EdgeRoute } from "./routes.ts";
