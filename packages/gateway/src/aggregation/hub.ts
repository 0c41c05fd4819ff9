import type { Envelope, Frame } from "@signalr-edge/protocol";
import { assertNever } from "../assert-never.ts";
import type { Clock } from "../clock.ts";
import type { Access, GroupRule, HubRules } from "../config/hub-rules.ts";
import { refusal } from "../method-refusal.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { completeError, completeUnauthorized, completeVoid } from "./answers.ts";
import { attributeFrame } from "./attribute-frame.ts";
import { isBroadcast } from "./broadcast-group.ts";
import { chooseRoute } from "./choose-route.ts";
import type { NamedKey } from "./group-key.ts";
import { isAllowed } from "./is-allowed.ts";
import { isPrimary, placeOf, primaryPlace } from "./line-place.ts";
import type { LineTable } from "./line-table.ts";
import type { ClientHub, HubClient } from "./ports.ts";
import { ProbeTable } from "./probe.ts";
import { isSecondCopy } from "./second-copy.ts";
import { type Excess, overJoinRate, overMembership, overRoom, type ShareLimits } from "./share-limits.ts";
import { type Deflate, SharedFrame } from "./shared-frame.ts";
import type { SharedLine } from "./shared-line.ts";
import { whenBehind } from "./when-behind.ts";

export interface HubParts {
  readonly rules: HubRules;
  readonly metrics: HubMetrics;
  /** Read at each join: a reload changes it. */
  readonly limits: ShareLimits;
  /** Groups of the whole gateway, over all hubs. */
  readonly groupCount: () => number;
  /** For messages to many; `undefined`: they are not compressed. */
  readonly deflate: Deflate | undefined;
  readonly clock: Clock;
  readonly lines: LineTable;
}

/** What a rule shares: a hub method, and who may use it. */
interface Shareable {
  readonly access: Access;
  readonly method: string;
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
    this.#probes = new ProbeTable(parts.clock, parts.metrics.savings);
    this.#metrics = parts.metrics;
  }

  /** An invocation from a shared upstream: to the members of its groups, or to nobody. */
  receiveFromUpstream(line: SharedLine, envelope: Envelope, frame: Frame): void {
    if (envelope.invocationId !== undefined) return this.#refuseClientResult(line, envelope.invocationId);
    if (isBroadcast(this.#rules, envelope)) return this.#broadcast(line, envelope, frame);
    let shared: SharedFrame | undefined;
    for (const { rule, key } of attributeFrame(this.#rules, line.protocol, envelope, frame, line.place)) {
      const group = line.groups.groups.get(key);
      if (group === undefined) continue;
      shared ??= new SharedFrame(line.protocol, frame, whenBehind(rule, key), this.#parts.deflate);
      this.#metrics.countFanOut(group.savings, line.groups.deliver(rule, group, shared), frame.length);
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
        this.#metrics.savings.countAsked("group", route.rule.name);
        this.#leave(client, route.rule, route.keys);
        return completeVoid(client, envelope);
      case "call":
        if (!this.#mayShare(client, route.rule, 1, envelope)) return;
        if (this.#parts.lines.primary(client).calls.call(client, route.rule, envelope, frame)) {
          return this.#metrics.savings.countAsked("call", route.rule.method);
        }
        return completeError(client, envelope, refusal(route.rule.method, "Too many calls are waiting."));
      case "stream":
        if (!this.#mayShare(client, route.rule, 1, envelope)) return;
        if (this.#parts.lines.primary(client).streams.open(client, route.rule, envelope, frame)) {
          return this.#metrics.savings.countAsked("stream", route.rule.method);
        }
        return completeError(client, envelope, refusal(route.rule.method, "Too many streams are open."));
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
    const { lines } = this.#parts;
    if (envelope.invocationId !== undefined || !isSecondCopy(this.#rules, lines, client, envelope, frame)) return true;
    this.#metrics.duplicatesDropped += 1;
    return false;
  }

  connect(client: HubClient, proceed: () => void): void {
    if (this.#rules.broadcasts.size === 0) return proceed();
    this.#parts.lines.primary(client).broadcasts.follow(client, proceed);
  }

  clientGone(client: HubClient): void {
    client.membership?.leaveAll(client);
    this.#parts.lines.find(client, primaryPlace)?.broadcasts.unfollow(client);
  }

  /** From the next frame on, other rules hold. They name the same methods, targets and keys (`planReload`). */
  useRules(rules: HubRules): void {
    this.#rules = rules;
  }

  /** Each upstream brings one; the copy of the primary is the one that reaches the clients. */
  #broadcast(line: SharedLine, { target = "" }: Envelope, frame: Frame): void {
    let copies = 0;
    if (!isPrimary(line.place)) this.#metrics.duplicatesDropped += 1;
    else copies = line.broadcasts.fanOut(new SharedFrame(line.protocol, frame, undefined, this.#parts.deflate));
    this.#metrics.countFanOut(this.#metrics.savings.rule("broadcast", target), copies, frame.length);
  }

  /** nobody here may answer for all clients. The origin's hub method gets an error instead of waiting for ever. */
  #refuseClientResult(line: SharedLine, invocationId: string): void {
    this.#metrics.unattributed += 1;
    const error = "A shared connection cannot provide a client result.";
    line.groups.source.complete(invocationId, { kind: "error", error });
  }

  #join(client: HubClient, rule: GroupRule, keys: readonly NamedKey[], envelope: Envelope, frame: Frame): void {
    const { access, join } = rule;
    if (!this.#mayShare(client, { access, method: join.method }, keys.length, envelope)) return;
    const { limits, clock } = this.#parts;
    const excess = overJoinRate(client, keys.length, limits, clock.now());
    if (excess !== undefined) return this.#refuse(client, envelope, join.method, excess);
    this.#metrics.joins += 1;
    this.#metrics.savings.countAsked("group", rule.name);
    if (access.kind !== "probe") return this.#joinLine(client, rule, keys, envelope, frame);
    const asked = { rule, ttlMs: access.ttlMs, keys, envelope, frame };
    this.#probes.ask(client, asked, (askedEnvelope, askedFrame) => {
      this.#joinLine(client, rule, keys, askedEnvelope, askedFrame);
    });
  }

  /** All keys of one join belong to one upstream (`placeOf`). */
  #joinLine(client: HubClient, rule: GroupRule, keys: readonly NamedKey[], envelope: Envelope, frame: Frame): void {
    const { lines } = this.#parts;
    const [first] = keys;
    const line = first && lines.at(client, placeOf(this.#rules, client.protocol, rule, first.key));
    if (line === undefined) {
      this.#metrics.perKeyRefusals += 1;
      const error = refusal(rule.join.method, "Too many groups have an upstream of their own.");
      return completeError(client, envelope, error);
    }
    const excess = overRoom(keys, line.groups, this.#parts);
    if (excess !== undefined) return this.#refuse(client, envelope, rule.join.method, excess);
    line.groups.join(client, rule, keys, envelope, frame);
  }

  /** Each key of a leave may belong to another upstream. */
  #leave(client: HubClient, rule: GroupRule, keys: readonly NamedKey[]): void {
    for (const probe of client.membership?.probes ?? []) {
      if (keys.some(({ key }) => probe.keys.has(key))) probe.isWanted = false;
    }
    const { lines } = this.#parts;
    for (const { key } of keys)
      lines.find(client, placeOf(this.#rules, client.protocol, rule, key))?.groups.leave(client, key);
  }

  /** Answers the client if it may not, or takes part in too much already. */
  #mayShare(client: HubClient, { access, method }: Shareable, count: number, envelope: Envelope): boolean {
    if (!isAllowed(access, client.owner.identity)) {
      completeUnauthorized(client, envelope, method);
      return false;
    }
    const excess = overMembership(client, count, this.#parts.limits);
    if (excess !== undefined) this.#refuse(client, envelope, method, excess);
    return excess === undefined;
  }

  #refuse(client: HubClient, envelope: Envelope, method: string, { limit, reason }: Excess): void {
    this.#metrics.refused[limit] += 1;
    completeError(client, envelope, refusal(method, reason));
  }
}
