// What `GET /api/events` and `GET /api/groups` send (docs/DASHBOARD.md): types only.

/** @typedef {import("./savings.js").Savings} Savings */
/** @typedef {import("./savings.js").Saving} Saving */

/**
 * @typedef {object} LifecycleEvent
 * @property {number} number
 * @property {number} time
 * @property {"debug" | "info" | "warn" | "error"} level
 * @property {string} event
 * @property {Readonly<Record<string, string>>} fields
 */

/**
 * @typedef {object} Hello
 * @property {string} version
 * @property {number} intervalMs
 * @property {Record<string, (number | null)[]>} history
 * @property {readonly LifecycleEvent[]} events
 */

/** @typedef {Readonly<Record<"messages" | "bytes" | "invocations", Saving>> & { readonly kind: string, readonly name: string }} RuleSavings */

/**
 * @typedef {object} Hub
 * @property {string} path
 * @property {number} clients
 * @property {Readonly<Record<string, number>>} clientsByTransport
 * @property {readonly { readonly protocol: string, readonly partition: string, readonly state: string, readonly groups: number, readonly shard?: number, readonly key?: string }[]} sharedUpstreams
 * @property {number} sharedUpstreamCount
 * @property {number} privateUpstreams
 * @property {Savings & { readonly rules: readonly RuleSavings[] }} savings
 * @property {Readonly<Record<string, number>>} closed
 */

/**
 * @typedef {object} LargestGroups
 * @property {number} groupCount
 * @property {number} matchCount
 * @property {readonly { readonly hub: string, readonly key: string, readonly members: number }[]} groups
 */

/**
 * @typedef {object} Tick
 * @property {number} uptimeSeconds
 * @property {boolean} draining
 * @property {Record<string, number | null>} sample
 * @property {readonly Hub[]} hubs
 * @property {LargestGroups} largestGroups
 * @property {readonly LifecycleEvent[]} events
 */

export {};
