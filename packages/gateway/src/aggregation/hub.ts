import type { Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";
import { assertNever } from "../assert-never.ts";
import type { GroupRule, HubRules } from "../config/hub-rules.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { attributeFrame } from "./attribute-frame.ts";
import { chooseRoute } from "./choose-route.ts";
import type { NamedKey } from "./group-key.ts";
import type { GroupTable } from "./group-table.ts";
import type { Partition } from "./partition-key.ts";
import type { ClientHub, HubClient } from "./ports.ts";
import { SharedFrame } from "./shared-frame.ts";

export interface HubParts {
  readonly rules: HubRules;
  readonly metrics: HubMetrics;
  readonly maxGroupsPerClient: number;
  /** The groups of the shared upstream that this client's joins travel on; made on first use. */
  readonly groupsFor: (partition: Partition, protocol: HubProtocol) => GroupTable;
}

/** Both directions of the data path of one hub. Decides by pure functions; groups and upstreams do the rest. */
export class Hub implements ClientHub {
  readonly #parts: HubParts;
  readonly #metrics: HubMetrics;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#metrics = parts.metrics;
  }

  /** An invocation from a shared upstream: to the members of its groups, or to nobody. */
  receiveFromUpstream(table: GroupTable, envelope: Envelope, frame: Frame): void {
    if (envelope.invocationId !== undefined) return this.#refuseClientResult(table, envelope.invocationId);
    const shared = new SharedFrame(table.protocol, frame);
    let deliveries = 0;
    let known = false;
    for (const { rule, key } of attributeFrame(this.#parts.rules, table.protocol, envelope, frame)) {
      const group = table.groups.get(key);
      if (group === undefined) continue;
      known = true;
      deliveries += table.deliver(rule, group, shared);
    }
    if (!known) this.#metrics.unattributed += 1;
    this.#metrics.deliveries += deliveries;
  }

  receiveFromClient(client: HubClient, envelope: Envelope, frame: Frame): void {
    const route = chooseRoute(this.#parts.rules, client.protocol, envelope, frame);
    switch (route.kind) {
      case "passThrough":
        return client.passThrough(envelope, frame);
      case "join":
        return this.#join(client, route.rule, route.keys, envelope, frame);
      case "leave":
        this.#groupsFor(client).leave(client, route.keys);
        return completeVoid(client, envelope);
      case "reject":
        return completeError(client, envelope, route.error);
      default:
        return assertNever(route);
    }
  }

  /** Whether an invocation from a client's private upstream is news to that client, not a second copy. */
  receiveFromPrivateUpstream(client: HubClient, envelope: Envelope, frame: Frame): boolean {
    if (client.membership === undefined || envelope.invocationId !== undefined) return true;
    const table = this.#groupsFor(client);
    for (const { rule, key } of attributeFrame(this.#parts.rules, client.protocol, envelope, frame)) {
      if (rule.privateCopies === "deliver" || rule.to === "joiner") continue;
      if (!table.groups.get(key)?.members.has(client)) continue;
      this.#metrics.duplicatesDropped += 1;
      return false;
    }
    return true;
  }

  clientGone(client: HubClient): void {
    if (client.membership !== undefined) this.#groupsFor(client).leaveAll(client);
  }

  #groupsFor(client: HubClient): GroupTable {
    return this.#parts.groupsFor(client.partition, client.protocol);
  }

  /** nobody here may answer for all clients. The origin's hub method gets an error instead of waiting for ever. */
  #refuseClientResult(table: GroupTable, invocationId: string): void {
    this.#metrics.unattributed += 1;
    const error = "A shared connection cannot provide a client result.";
    table.source.complete(invocationId, { kind: "error", error });
  }

  #join(client: HubClient, rule: GroupRule, keys: readonly NamedKey[], envelope: Envelope, frame: Frame): void {
    const { membership } = client;
    const { maxGroupsPerClient } = this.#parts;
    const table = this.#groupsFor(client);
    const groupCount = (membership?.groups.size ?? 0) + (membership?.waiters.size ?? 0) + keys.length;
    const full = groupCount > maxGroupsPerClient ? `A connection may be in ${maxGroupsPerClient} groups.` : undefined;
    const reason = full ?? (table.hasRoom ? undefined : "Too many joins are waiting.");
    if (reason !== undefined) {
      const failed = `Failed to invoke '${envelope.target ?? ""}' due to an error on the server.`;
      return completeError(client, envelope, `${failed} HubException: ${reason}`);
    }
    this.#metrics.joins += 1;
    table.join(client, rule, keys, envelope, frame);
  }
}

/** As .NET completes a method without a result: with null. */
function completeVoid(client: HubClient, { invocationId }: Envelope): void {
  if (invocationId !== undefined) client.complete(invocationId, { kind: "result", raw: client.protocol.nullValue });
}

function completeError(client: HubClient, { invocationId }: Envelope, error: string): void {
  if (invocationId !== undefined) client.complete(invocationId, { kind: "error", error });
}
