import type { HubRuntime } from "../hub-runtime.ts";

const maxGroupsShown = 1000;

export interface HubState {
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
  /** Number of groups in all; `groups` shows the largest of them. */
  readonly groupCount: number;
  readonly groups: readonly { readonly key: string; readonly members: number }[];
  readonly counters: Readonly<Record<string, number>>;
}

/** The body of `GET /api/state` (docs/CONFIG.md). */
export interface GatewayState {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly draining: boolean;
  readonly hubs: readonly HubState[];
}

export function hubState(runtime: HubRuntime): HubState {
  const { metrics, groupSizes } = runtime;
  const groups = [...groupSizes]
    .map(([key, members]) => ({ key, members }))
    .sort((a, b) => b.members - a.members)
    .slice(0, maxGroupsShown);
  return {
    path: runtime.config.path,
    clients: metrics.clients,
    clientsByTransport: { ...metrics.clientsByTransport },
    sharedUpstreams: runtime.sharedUpstreams,
    privateUpstreams: metrics.privateUpstreams,
    groupCount: groupSizes.size,
    groups,
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
    },
  };
}
