import type { HubProtocol } from "@signalr-edge/protocol";
import type { CallerClients, HubContext, HubRequest, RawValue } from "./hub-definition.ts";
import type { HubMembership, MemberConnection } from "./hub-membership.ts";
import type { HubServerStats } from "./hub-server-stats.ts";

/** The connection that invokes a hub method. */
export interface HubCaller extends MemberConnection {
  readonly protocol: HubProtocol;
  readonly roles: readonly string[];
  readonly request: HubRequest;
  abort(): void;
}

/** Where hub methods of one hub act. */
export interface HubSurroundings {
  readonly membership: HubMembership;
  readonly stats: HubServerStats;
}

export interface CallParts {
  readonly aborted: AbortSignal;
  readonly rawArguments: readonly RawValue[];
  readonly uploads: readonly AsyncIterable<unknown>[];
  /** Called when the method starts to wait for a client's result. */
  readonly onWait: () => void;
}

export function hubContext(caller: HubCaller, { membership, stats }: HubSurroundings, parts: CallParts): HubContext {
  const { onWait, ...given } = parts;
  return {
    ...given,
    connectionId: caller.connectionId,
    protocol: caller.protocol.name,
    userIdentifier: caller.userIdentifier,
    roles: caller.roles,
    request: caller.request,
    get clients(): CallerClients {
      return membership.clientsOf(caller, onWait);
    },
    addToGroup: (group) => {
      if (membership.join(caller, group)) stats.joins += 1;
    },
    removeFromGroup: (group) => membership.leave(caller, group),
    abort: () => caller.abort(),
  };
}
