import { deviceIdOf } from "./device-id.ts";
import type { Fallback } from "./gateway-first.ts";
import type { Rejoin } from "./rejoin-after-reconnect.ts";
import type { RejoinRule } from "./remembered-calls.ts";
import { isInRollout } from "./rollout.ts";
import { type CompiledRoute, compileRoutes, type EdgeRoute } from "./routes.ts";

/** What `configureEdge` takes. Only `routes` is required. */
export interface EdgeOptions {
  /** Where hubs are reached. The first one that fits counts; URLs that none fits are left alone. */
  readonly routes: readonly EdgeRoute[];
  /** Share of devices that use the gateway, 0 to 1. Default 1. */
  readonly rollout?: number | undefined;
  /** Decides about the roll-out. Default: kept in `localStorage` in browsers, new for each process elsewhere. */
  readonly deviceId?: string | undefined;
  /** Where a connection goes when the gateway does not answer: to the origin (default), or nowhere. */
  readonly fallback?: "origin" | "none" | undefined;
  /** How long the gateway may take to answer negotiate, and to open a WebSocket. Default 5000. */
  readonly answerTimeoutMs?: number | undefined;
  /**
   * Reconnects fall back to the origin after a random time up to this, because all devices of a lost gateway do so at
   * once. Default 5000. `start()` falls back immediately.
   */
  readonly fallbackSpreadMs?: number | undefined;
  /** Hub methods that join a group, called again with the same arguments after a reconnect. Default: none. */
  readonly rejoin?: readonly (string | RejoinRule)[] | undefined;
  /** Told about every connection attempt that falls back. */
  readonly onFallback?: ((fallback: Fallback) => void) | undefined;
  /** Told the outcome of every call that was repeated after a reconnect. */
  readonly onRejoin?: ((rejoin: Rejoin) => void) | undefined;
}

/** `EdgeOptions`, checked and complete. */
export interface EdgeSettings {
  readonly routes: readonly CompiledRoute[];
  readonly inRollout: boolean;
  readonly fallback: "origin" | "none";
  readonly answerTimeoutMs: number;
  readonly fallbackSpreadMs: number;
  readonly rejoin: readonly RejoinRule[];
  readonly onFallback: (fallback: Fallback) => void;
  readonly onRejoin: (rejoin: Rejoin) => void;
}

const optionNames: Readonly<Record<keyof EdgeOptions, true>> = {
  routes: true,
  rollout: true,
  deviceId: true,
  fallback: true,
  answerTimeoutMs: true,
  fallbackSpreadMs: true,
  rejoin: true,
  onFallback: true,
  onRejoin: true,
};

/** Of the whole program: applications with a hard-coded hub URL have no place to pass it through. */
let settings: EdgeSettings | undefined;

/**
 * Says where hubs are reached, for all connections that are built from now on. Called again, it replaces what was said
 * before. Throws an `Error` that names the option and the value, and then changes nothing.
 */
export function configureEdge(options: EdgeOptions): void {
  settings = checkOptions(options);
}

/** `undefined` before the first `configureEdge`. */
export function edgeSettings(): EdgeSettings | undefined {
  return settings;
}

function checkOptions(options: EdgeOptions): EdgeSettings {
  for (const name of Object.keys(options)) {
    if (!Object.keys(optionNames).includes(name)) throw new Error(`configureEdge: there is no option ${name}`);
  }
  const { rollout = 1, fallback = "origin", deviceId } = options;
  if (!Array.isArray(options.routes)) throw new Error("configureEdge: routes is missing; must be an array");
  if (typeof rollout !== "number" || !(rollout >= 0 && rollout <= 1)) {
    throw new Error(`configureEdge: rollout is ${rollout}; must be a number from 0 to 1`);
  }
  if (fallback !== "origin" && fallback !== "none") {
    throw new Error(`configureEdge: fallback is ${JSON.stringify(fallback)}; must be "origin" or "none"`);
  }
  if (deviceId !== undefined && (typeof deviceId !== "string" || deviceId === "")) {
    throw new Error(`configureEdge: deviceId is ${JSON.stringify(deviceId)}; must be a text`);
  }
  return {
    routes: compileRoutes(options.routes),
    // All or nobody needs no id, and then none is stored.
    inRollout: rollout === 1 || (rollout > 0 && isInRollout(deviceIdOf(deviceId), rollout)),
    fallback,
    answerTimeoutMs: milliseconds("answerTimeoutMs", options.answerTimeoutMs ?? 5000, 1),
    fallbackSpreadMs: milliseconds("fallbackSpreadMs", options.fallbackSpreadMs ?? 5000, 0),
    rejoin: (options.rejoin ?? []).map(checkRejoin),
    onFallback: options.onFallback ?? ignore,
    onRejoin: options.onRejoin ?? ignore,
  };
}

function milliseconds(name: string, value: number, min: number): number {
  if (Number.isFinite(value) && value >= min) return value;
  throw new Error(`configureEdge: ${name} is ${value}; must be ${min} or more milliseconds`);
}

function checkRejoin(rule: string | RejoinRule, index: number): RejoinRule {
  const { method, undo } = typeof rule === "string" ? { method: rule, undo: undefined } : rule;
  const isName = (name: unknown): boolean => typeof name === "string" && name !== "";
  if (!isName(method)) throw new Error(`configureEdge: rejoin[${index}] names no hub method`);
  if (undo !== undefined && !isName(undo)) throw new Error(`configureEdge: rejoin[${index}].undo is no hub method`);
  return { method, undo };
}

function ignore(): void {}
