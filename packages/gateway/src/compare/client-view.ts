import { type Envelope, type HubProtocol, hubProtocols, MessageType } from "@signalr-edge/protocol";
import { attributeFrame } from "../aggregation/attribute-frame.ts";
import { describeKey, type GroupKey, type NamedKey, namedKeys } from "../aggregation/group-key.ts";
import type { GroupRule, HubRules, TargetRule } from "../config/hub-rules.ts";
import type { Entry, FrameEntry, Recording } from "./recording.ts";

/** A key that a client has joined, by the rules of the configuration. */
export interface Membership {
  readonly rule: GroupRule;
  readonly named: NamedKey;
}

/**
 * What a message is compared within. `group`: a key that the client joined. `joiner`: what the rules say is for the one
 * who joins. `stray`: a rule names the target, but finds no key in it that the client joined. `other`: no rule names it.
 */
export interface Place {
  readonly kind: "group" | "joiner" | "stray" | "broadcast" | "other";
  /** For people: `event:42`, or the target. */
  readonly name: string;
  /** False where messages of several keys cannot be told apart: each key has an upstream of its own then. */
  readonly isOrdered: boolean;
}

export interface InvocationView {
  readonly kind: "invocation" | "stream";
  /** From 0, over all that the client invoked. */
  readonly ordinal: number;
  readonly method: string;
  readonly sent: FrameEntry;
  completion: FrameEntry | undefined;
  readonly items: FrameEntry[];
  isCancelled: boolean;
}

export interface MessageView {
  readonly entry: FrameEntry;
  readonly target: string;
  /** Where it is compared, with the time in which the client was what it was then: joins and leaves begin a new one. */
  readonly places: readonly { readonly place: Place; readonly segment: number }[];
  /** The client's own invocation that the hub was working on. */
  readonly during: InvocationView | undefined;
  readonly memberships: readonly Membership[];
  /** Whether the client had invoked anything on this connection yet. */
  readonly isGreeting: boolean;
}

/** A recording, read with the rules of the configuration. */
export interface ClientView {
  readonly recording: Recording;
  readonly protocol: HubProtocol;
  readonly connectionIds: readonly string[];
  readonly invocations: readonly InvocationView[];
  readonly messages: readonly MessageView[];
}

export function viewClient(recording: Recording, rules: HubRules): ClientView {
  return new Viewing(recording, rules).run();
}

class Viewing {
  readonly #recording: Recording;
  readonly #rules: HubRules;
  readonly #protocol: HubProtocol;
  readonly #everJoined: ReadonlySet<GroupKey>;
  readonly #connectionIds: string[] = [];
  readonly #invocations: InvocationView[] = [];
  readonly #messages: MessageView[] = [];
  readonly #open = new Map<string, InvocationView>();
  readonly #memberships = new Map<GroupKey, Membership>();
  /** Joins and leaves of each key so far. */
  readonly #changes = new Map<GroupKey, number>();
  #workSteps = 0;
  #connects = 0;
  #isGreeting = true;
  /** Joins again what it had joined: as if it had never been away. */
  #isRejoining = false;

  constructor(recording: Recording, rules: HubRules) {
    this.#recording = recording;
    this.#rules = rules;
    this.#protocol = hubProtocols[recording.protocol];
    const joined = recording.entries.flatMap((entry) =>
      entry.kind === "sent" ? joinsOf(rules, this.#protocol, entry).map(({ named }) => named.key) : [],
    );
    this.#everJoined = new Set(joined);
  }

  run(): ClientView {
    for (const entry of this.#recording.entries) this.#see(entry);
    return {
      recording: this.#recording,
      protocol: this.#protocol,
      connectionIds: this.#connectionIds,
      invocations: this.#invocations,
      messages: this.#messages,
    };
  }

  #see(entry: Entry): void {
    switch (entry.kind) {
      case "step":
        if (!entry.isWait) this.#workSteps += 1;
        return;
      case "connected":
        this.#connects += 1;
        this.#isGreeting = true;
        this.#memberships.clear();
        if (entry.connectionId !== undefined) this.#connectionIds.push(entry.connectionId);
        return;
      case "lost":
        this.#isRejoining = true;
        return;
      case "returned":
        this.#isRejoining = false;
        if (entry.connectionId !== undefined) this.#connectionIds.push(entry.connectionId);
        return;
      case "sent":
        return this.#seeSent(entry);
      case "received":
        return this.#seeReceived(entry);
      default:
        return;
    }
  }

  #seeSent(entry: FrameEntry): void {
    const { type, target, invocationId } = entry.envelope;
    this.#isGreeting = false;
    if (type === MessageType.CancelInvocation) {
      const cancelled = this.#open.get(invocationId ?? "");
      if (cancelled !== undefined) cancelled.isCancelled = true;
    }
    if (target === undefined) return;
    const kind = type === MessageType.StreamInvocation ? "stream" : "invocation";
    const ordinal = this.#invocations.length;
    const view: InvocationView = {
      kind,
      ordinal,
      method: target,
      sent: entry,
      completion: undefined,
      items: [],
      isCancelled: false,
    };
    this.#invocations.push(view);
    if (invocationId !== undefined) this.#open.set(invocationId, view);
    for (const membership of joinsOf(this.#rules, this.#protocol, entry)) {
      this.#count(membership.named.key);
      this.#memberships.set(membership.named.key, membership);
    }
    for (const key of leftKeys(this.#rules, this.#protocol, entry)) {
      this.#count(key);
      this.#memberships.delete(key);
    }
  }

  #seeReceived(entry: FrameEntry): void {
    const { type, invocationId = "" } = entry.envelope;
    const open = this.#open.get(invocationId);
    if (type === MessageType.Invocation) this.#seeMessage(entry);
    else if (type === MessageType.StreamItem) open?.items.push(entry);
    else if (type === MessageType.Completion && open !== undefined) {
      open.completion = entry;
      this.#open.delete(invocationId);
      if (entry.envelope.error === undefined) return;
      for (const { named } of joinsOf(this.#rules, this.#protocol, open.sent)) this.#memberships.delete(named.key);
    }
  }

  #seeMessage(entry: FrameEntry): void {
    const { target = "" } = entry.envelope;
    const during = [...this.#open.values()].find(({ kind }) => kind === "invocation");
    const memberships = [...this.#memberships.values()];
    const places = this.#placesOf(entry, target);
    this.#messages.push({ entry, target, places, during, memberships, isGreeting: this.#isGreeting });
  }

  #placesOf(entry: FrameEntry, target: string): MessageView["places"] {
    const targetRules = this.#rules.targets.get(target) ?? [];
    if (this.#rules.broadcasts.has(target)) return [this.#place("broadcast", target, this.#connects)];
    if (targetRules.length === 0 || entry.envelope.invocationId !== undefined) {
      return [this.#place("other", target, this.#workSteps)];
    }
    const { envelope, frame } = entry;
    const found = attributeFrame(this.#rules, this.#protocol, envelope, frame, undefined)
      .filter(({ key }) => this.#everJoined.has(key))
      .map(({ key, rule }) => this.#groupPlace(rule, describeKey(key), this.#changes.get(key) ?? 0));
    const places = [...found, ...targetRules.flatMap((rule) => this.#keylessPlace(rule) ?? [])];
    return places.length === 0 ? [this.#place("stray", target, this.#workSteps)] : places;
  }

  /** Of a rule without a key for the message: the only key that the client has joined, or all of them together. */
  #keylessPlace(rule: TargetRule): MessageView["places"][number] | undefined {
    if (rule.keys !== undefined) return undefined;
    const own = [...this.#memberships.values()].filter((membership) => membership.rule === rule.group);
    const [only] = own;
    if (only === undefined) return undefined;
    const segment = own.reduce((sum, { named }) => sum + (this.#changes.get(named.key) ?? 0), 0);
    if (own.length === 1) return this.#groupPlace(rule, describeKey(only.named.key), segment);
    return this.#place("group", `${rule.group.name}: of ${own.length} keys`, segment, false);
  }

  #groupPlace(rule: TargetRule, name: string, segment: number): MessageView["places"][number] {
    return rule.to === "members"
      ? this.#place("group", name, segment)
      : this.#place("joiner", `${name} ${rule.target}`, segment);
  }

  #place(kind: Place["kind"], name: string, segment: number, isOrdered = true): MessageView["places"][number] {
    return { place: { kind, name, isOrdered }, segment };
  }

  #count(key: GroupKey): void {
    if (this.#isRejoining) return;
    this.#changes.set(key, (this.#changes.get(key) ?? 0) + 1);
  }
}

/** The keys that an invocation joins. Empty for every other frame. */
export function joinsOf(
  rules: HubRules,
  protocol: HubProtocol,
  { envelope, frame }: FrameEntry,
): readonly Membership[] {
  const rule = rules.joins.get(methodOf(envelope));
  if (rule === undefined) return [];
  const named = namedKeys(rule, rule.join.keys[protocol.name], protocol, envelope, frame) ?? [];
  return named.map((one) => ({ rule, named: one }));
}

function leftKeys(rules: HubRules, protocol: HubProtocol, { envelope, frame }: FrameEntry): readonly GroupKey[] {
  const rule = rules.leaves.get(methodOf(envelope));
  if (rule?.leave === undefined) return [];
  const named = namedKeys(rule, rule.leave.keys[protocol.name], protocol, envelope, frame) ?? [];
  return named.map(({ key }) => key);
}

function methodOf({ target }: Envelope): string {
  return target?.toLowerCase() ?? "";
}
