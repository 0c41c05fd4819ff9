import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import { assertNever } from "../assert-never.ts";
import type { Clock } from "../clock.ts";
import type { Access, GroupRule, HubRules } from "../config/hub-rules.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { completeError, completeUnauthorized, completeVoid, refusal } from "./answers.ts";
import { attributeFrame } from "./attribute-frame.ts";
import { chooseRoute } from "./choose-route.ts";
import type { GroupKey, NamedKey } from "./group-key.ts";
import { isAllowed } from "./is-allowed.ts";
import type { Membership } from "./membership.ts";
import type { Partition } from "./partition-key.ts";
import type { ClientHub, HubClient } from "./ports.ts";
import { ProbeTable } from "./probe.ts";
import { SharedFrame } from "./shared-frame.ts";
import type { SharedLine } from "./shared-line.ts";
import { whenBehind } from "./when-behind.ts";

export interface HubParts {
  readonly rules: HubRules;
  readonly metrics: HubMetrics;
  /** Read at each join: a reload changes it. */
  readonly limits: { readonly maxGroupsPerClient: number };
  readonly clock: Clock;
  /** The shared upstream for clients of this partition and protocol; made on first use. */
  readonly lineFor: (partition: Partition, protocol: HubProtocol) => SharedLine;
}

/** Both directions of the data path of one hub. Decides by pure functions; groups and upstreams do the rest. */
export class Hub implements ClientHub {
  readonly #parts: HubParts;
  readonly #metrics: HubMetrics;
  readonly #probes: ProbeTable;
  #rules: HubRules;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#probes = new ProbeTable(parts.clock);
    this.#metrics = parts.metrics;
  }

  /** An invocation from a shared upstream: to the members of its groups, or to nobody. */
  receiveFromUpstream(line: SharedLine, envelope: Envelope, frame: Frame): void {
    if (envelope.invocationId !== undefined) return this.#refuseClientResult(line, envelope.invocationId);
    if (this.#isBroadcast(envelope)) {
      this.#metrics.deliveries += line.broadcasts.fanOut(new SharedFrame(line.protocol, frame));
      return;
    }
    let shared: SharedFrame | undefined;
    for (const { rule, key } of attributeFrame(this.#rules, line.protocol, envelope, frame)) {
      const group = line.groups.groups.get(key);
      if (group === undefined) continue;
      shared ??= new SharedFrame(line.protocol, frame, whenBehind(rule, key));
      this.#metrics.deliveries += line.groups.deliver(rule, group, shared);
    }
    if (shared === undefined) this.#metrics.unattributed += 1;
  }

  receiveFromClient(client: HubClient, envelope: Envelope, frame: Frame): void {
    const route = chooseRoute(this.#rules, client, envelope, frame);
    switch (route.kind) {
      case "passThrough":
        return client.passThrough(envelope, frame);
      case "join":
        return this.#join(client, route.rule, route.keys, envelope, frame);
      case "leave":
        this.#leave(client, route.keys);
        return completeVoid(client, envelope);
      case "call":
        if (!this.#mayShare(client, route.rule.access, 1, envelope)) return;
        if (this.#lineFor(client).calls.call(client, route.rule, envelope, frame)) return;
        return completeError(client, envelope, refusal(envelope, "Too many calls are waiting."));
      case "stream":
        if (!this.#mayShare(client, route.rule.access, 1, envelope)) return;
        if (this.#lineFor(client).streams.open(client, route.rule, envelope, frame)) return;
        return completeError(client, envelope, refusal(envelope, "Too many streams are open."));
      case "cancelStream":
        route.table.close(client, route.invocationId, route.stream);
        return client.complete(route.invocationId, { kind: "void" });
      case "reject":
        return completeError(client, envelope, route.error);
      default:
        return assertNever(route);
    }
  }

  /** Whether an invocation from a client's private upstream is news to that client, not a second copy. */
  receiveFromPrivateUpstream(client: HubClient, envelope: Envelope, frame: Frame): boolean {
    if (envelope.invocationId !== undefined || !this.#isSecondCopy(client, envelope, frame)) return true;
    this.#metrics.duplicatesDropped += 1;
    return false;
  }

  connect(client: HubClient, proceed: () => void): void {
    if (this.#rules.broadcasts.size === 0) return proceed();
    this.#lineFor(client).broadcasts.follow(client, proceed);
  }

  clientGone(client: HubClient): void {
    const { membership } = client;
    if (membership === undefined && this.#rules.broadcasts.size === 0) return;
    const line = this.#lineFor(client);
    line.broadcasts.unfollow(client);
    membership?.probes.clear();
    line.groups.leaveAll(client);
    for (const [invocationId, { table, stream }] of membership?.streams ?? [])
      table.close(client, invocationId, stream);
    for (const caller of membership?.callers ?? []) line.calls.forget(caller);
  }

  /** From the next frame on, other rules hold. They name the same methods, targets and keys (`planReload`). */
  useRules(rules: HubRules): void {
    this.#rules = rules;
  }

  #isSecondCopy(client: HubClient, envelope: Envelope, frame: Frame): boolean {
    if (this.#isBroadcast(envelope)) return this.#lineFor(client).broadcasts.reaches(client);
    const { membership } = client;
    if (membership === undefined) return false;
    const { groups } = this.#lineFor(client).groups;
    return attributeFrame(this.#rules, client.protocol, envelope, frame).some(
      ({ rule, key }) =>
        isProbed(membership, key) ||
        (rule.privateCopies === "drop" && rule.to === "members" && groups.get(key)?.members.has(client) === true),
    );
  }

  #isBroadcast({ type, target }: Envelope): boolean {
    return type === MessageType.Invocation && target !== undefined && this.#rules.broadcasts.has(target);
  }

  #lineFor(client: HubClient): SharedLine {
    return this.#parts.lineFor(client.partition, client.protocol);
  }

  /** nobody here may answer for all clients. The origin's hub method gets an error instead of waiting for ever. */
  #refuseClientResult(line: SharedLine, invocationId: string): void {
    this.#metrics.unattributed += 1;
    const error = "A shared connection cannot provide a client result.";
    line.groups.source.complete(invocationId, { kind: "error", error });
  }

  #join(client: HubClient, rule: GroupRule, keys: readonly NamedKey[], envelope: Envelope, frame: Frame): void {
    const { access } = rule;
    if (!this.#mayShare(client, access, keys.length, envelope)) return;
    const { groups } = this.#lineFor(client);
    if (!groups.hasRoom) return completeError(client, envelope, refusal(envelope, "Too many joins are waiting."));
    this.#metrics.joins += 1;
    if (access.kind !== "probe") return groups.join(client, rule, keys, envelope, frame);
    const asked = { rule, ttlMs: access.ttlMs, keys, envelope, frame };
    this.#probes.ask(client, asked, (askedEnvelope, askedFrame) => {
      groups.join(client, rule, keys, askedEnvelope, askedFrame);
    });
  }

  #leave(client: HubClient, keys: readonly NamedKey[]): void {
    for (const probe of client.membership?.probes ?? []) {
      if (keys.some(({ key }) => probe.keys.has(key))) probe.isWanted = false;
    }
    this.#lineFor(client).groups.leave(client, keys);
  }

  /** Answers the client if it may not, or takes part in too much already. */
  #mayShare(client: HubClient, access: Access, count: number, envelope: Envelope): boolean {
    const { maxGroupsPerClient } = this.#parts.limits;
    if (!isAllowed(access, client.owner.identity)) completeUnauthorized(client, envelope);
    else if ((client.membership?.size ?? 0) + count > maxGroupsPerClient) {
      completeError(client, envelope, refusal(envelope, `A connection may be in ${maxGroupsPerClient} groups.`));
    } else return true;
    return false;
  }
}

function isProbed({ probes }: Membership, key: GroupKey): boolean {
  for (const probe of probes) if (probe.keys.has(key)) return true;
  return false;
}
