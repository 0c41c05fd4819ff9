import type { HubRules } from "../config/hub-rules.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import type { HubMetrics } from "./metrics.ts";
import type { HubSavings, RuleKind, RuleSavings, Savings } from "./savings.ts";

const maxGroupsShown = 1000;

/** A hub without its groups. */
export interface HubSummary {
  readonly path: string;
  readonly clients: number;
  readonly clientsByTransport: Readonly<Record<string, number>>;
  readonly sharedUpstreams: readonly {
    readonly partition: string;
    readonly protocol: string;
    readonly state: string;
    readonly groups: number;
    /** Of `sharedUpstream.shards`, from 0; absent for the upstream of a key. */
    readonly shard?: number;
    /** As in `groups`; the upstream of this key alone. */
    readonly key?: string;
  }[];
  readonly privateUpstreams: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly savings: HubSavingsState;
  /** Connections ended since start, by reason, those of which there are any. */
  readonly closed: Readonly<Record<string, number>>;
}

export interface HubState extends HubSummary {
  /** Number of groups in all; `groups` shows the largest of them. */
  readonly groupCount: number;
  readonly groups: readonly { readonly key: string; readonly members: number }[];
}

/** What something would have cost the origin if its clients were connected to it, and what it cost (docs/SAVINGS.md). */
export interface Saving {
  readonly direct: number;
  readonly upstream: number;
}

export interface SavingsState {
  readonly messages: Saving;
  readonly bytes: Saving;
  readonly invocations: Saving;
}

export interface HubSavingsState extends SavingsState {
  /** Now. */
  readonly connections: Saving;
  /** In the order of the file. */
  readonly rules: readonly (SavingsState & { readonly kind: RuleKind; readonly name: string })[];
}

/** The body of `GET /api/state` (docs/CONFIG.md). */
export interface GatewayState {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly draining: boolean;
  readonly hubs: readonly HubState[];
}

export function hubState(runtime: HubRuntime): HubState {
  const { groupSizes } = runtime;
  const groups = [...groupSizes]
    .map(([key, members]) => ({ key, members }))
    .sort((a, b) => b.members - a.members)
    .slice(0, maxGroupsShown);
  return { ...hubSummary(runtime), groupCount: groupSizes.size, groups };
}

export function hubSummary(runtime: HubRuntime): HubSummary {
  const { metrics } = runtime;
  return {
    path: runtime.config.path,
    clients: metrics.clients,
    clientsByTransport: { ...metrics.clientsByTransport },
    sharedUpstreams: runtime.sharedUpstreams,
    privateUpstreams: metrics.privateUpstreams,
    counters: {
      originMessages: metrics.originMessages,
      originBytes: metrics.originBytes,
      deliveries: metrics.deliveries,
      clientBytes: metrics.clientBytes,
      unattributed: metrics.unattributed,
      duplicatesDropped: metrics.duplicatesDropped,
      slowConsumers: metrics.slowConsumers,
      gaps: metrics.gaps,
      joins: metrics.joins,
      originJoins: metrics.originJoins,
      originLeaves: metrics.originLeaves,
      perKeyRefusals: metrics.perKeyRefusals,
      joinErrors: metrics.joinErrors,
      dropped: metrics.dropped,
      conflated: metrics.conflated,
      internalErrors: metrics.internalErrors,
    },
    savings: hubSavings(metrics, runtime.rules),
    closed: Object.fromEntries(Object.entries(metrics.closed).filter(([, count]) => count > 0)),
  };
}

function hubSavings(metrics: HubMetrics, rules: HubRules): HubSavingsState {
  const { savings, clients, sharedUpstreams, privateUpstreams } = metrics;
  return {
    connections: { direct: clients, upstream: sharedUpstreams + privateUpstreams },
    ...savingsState(savings),
    rules: ledgersOf(rules, savings).map((rule) => ({ kind: rule.kind, name: rule.name, ...savingsState(rule) })),
  };
}

/** In the order of the file; a rule that nobody used yet has its line, too. */
function ledgersOf({ groups, broadcasts, calls, streams }: HubRules, savings: HubSavings): readonly RuleSavings[] {
  return [
    ...groups.map(({ name }) => savings.rule("group", name)),
    ...[...broadcasts.values()].map(({ target }) => savings.rule("broadcast", target)),
    ...[...calls.values()].map(({ method }) => savings.rule("call", method)),
    ...[...streams.values()].map(({ method }) => savings.rule("stream", method)),
  ];
}

type Ledger = Savings & { readonly directInvocations: number; readonly upstreamInvocations: number };

function savingsState(ledger: Ledger): SavingsState {
  return {
    messages: { direct: ledger.directMessages, upstream: ledger.upstreamMessages },
    bytes: { direct: ledger.directBytes, upstream: ledger.upstreamBytes },
    invocations: { direct: ledger.directInvocations, upstream: ledger.upstreamInvocations },
  };
}
