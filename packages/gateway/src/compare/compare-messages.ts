import { type Alignment, align, type Item } from "./align.ts";
import type { ClientView, MessageView, Place } from "./client-view.ts";
import type { Findings, MessageDifference } from "./difference.ts";
import { frameForm, framePaths, type Hidden, hiddenFor, privateForm, withoutIds } from "./frame-form.ts";
import type { Interval, Role } from "./recording.ts";
import type { IgnoreRule } from "./scenario.ts";
import type { ValuePath } from "./value-path.ts";

export interface MessageContext {
  readonly pair: number;
  readonly quiet: readonly Interval[];
  /** Times in which a client was without its connection: what it missed then is told by the reconnect. */
  readonly disturbed: readonly Interval[];
  readonly ignore: readonly IgnoreRule[];
}

type Views = Readonly<Record<Role, ClientView>>;
type Messages = Readonly<Record<Role, readonly MessageView[]>>;
type Items = Readonly<Record<Role, readonly Item[]>>;

/** Compares what the hub sent to the clients of one pair, place by place. Pure. */
export function compareMessages(views: Views, context: MessageContext): Omit<Findings, "answers" | "streamItems"> {
  const differences: MessageDifference[] = [];
  const notes = new Set<string>();
  let [messages, sharedMessages] = [0, 0];
  for (const { place, segments, isResponse } of withResponsesApart(segmentsOf(views))) {
    const items = itemsOf(views, segments, place, context, isResponse);
    const alignment = align(items.direct, items.gateway);
    messages += alignment.matched.length;
    if (place.kind !== "other") sharedMessages += alignment.matched.length;
    const natural = align(items.direct, items.control);
    const found = whatCounts(items, alignment, natural, place, notes);
    for (const difference of describe(found, segments, items, natural, place, context)) {
      differences.push({ ...difference, protocol: views.direct.recording.protocol });
    }
  }
  return { differences, messages, sharedMessages, notes: [...notes] };
}

/** The messages of each client, by place and by the time between two joins and leaves. */
function segmentsOf(views: Views): ReadonlyMap<string, { readonly place: Place; readonly segments: Messages }> {
  const all = new Map<string, { readonly place: Place; readonly segments: Record<Role, MessageView[]> }>();
  for (const view of [views.direct, views.gateway, views.control]) {
    for (const message of view.messages) {
      for (const { place, segment } of message.places) {
        const id = `${place.kind} ${segment} ${place.name}`;
        const known = all.get(id) ?? { place, segments: { direct: [], gateway: [], control: [] } };
        known.segments[view.recording.role].push(message);
        all.set(id, known);
      }
    }
  }
  return all;
}

interface Segment {
  readonly place: Place;
  readonly segments: Messages;
  /** The direct clients got all of it while the hub worked on their own invocation, so the other one must get as many. */
  readonly isResponse: boolean;
}

/**
 * A target that the rules take for a group's may be sent to the caller alone. In the sequence of the group a second copy
 * at its start would look like a message that the other client joined too late for.
 */
function withResponsesApart(all: ReturnType<typeof segmentsOf>): readonly Segment[] {
  return [...all.values()].flatMap(({ place, segments }): Segment[] => {
    const direct = [...segments.direct, ...segments.control];
    const targets = place.kind === "group" ? [...new Set(direct.map(({ target }) => target))] : [];
    const responses = targets.filter((target) => {
      const isComplete = countOf(segments.direct, target) === countOf(segments.control, target);
      return isComplete && direct.every((one) => one.target !== target || one.during !== undefined);
    });
    const only = (keep: (target: string) => boolean): Messages => ({
      direct: segments.direct.filter(({ target }) => keep(target)),
      gateway: segments.gateway.filter(({ target }) => keep(target)),
      control: segments.control.filter(({ target }) => keep(target)),
    });
    const rest = { place, segments: only((target) => !responses.includes(target)), isResponse: false };
    return [rest, ...responses.map((one) => ({ place, segments: only((target) => target === one), isResponse: true }))];
  });
}

function countOf(messages: readonly MessageView[], target: string): number {
  return messages.filter((message) => message.target === target).length;
}

function itemsOf(views: Views, segments: Messages, place: Place, context: MessageContext, isResponse: boolean): Items {
  const isPrivate = isResponse || place.kind === "other" || place.kind === "joiner";
  const [first] = [...segments.direct, ...segments.gateway, ...segments.control];
  const ignored = hiddenFor(context.ignore, "target", first?.target ?? "");
  // In a group the hub has one message for all; to single clients it may say to each something else.
  const hidden = isPrivate ? [...ignored, ...naturalPaths(views, segments)] : ignored;
  const itemsFor = (role: Role): Item[] =>
    segments[role].map((message) => ({
      atMs: message.entry.atMs,
      form: formOf(views[role], message, isPrivate, ignoredOf(message, first, hidden, context)),
      isFirm: isResponse || isFirm(role, message, segments, isPrivate, context),
    }));
  return { direct: itemsFor("direct"), gateway: itemsFor("gateway"), control: itemsFor("control") };
}

/** A group has several targets, each with its own paths to ignore. */
function ignoredOf(
  { target }: MessageView,
  first: MessageView | undefined,
  hidden: Hidden,
  { ignore }: MessageContext,
): Hidden {
  return target === first?.target ? hidden : hiddenFor(ignore, "target", target);
}

/**
 * Where the two direct clients got different values in answer to the same invocation, or as a greeting, apart from the
 * ids of their connections.
 */
function naturalPaths(views: Views, { direct, control }: Messages): Hidden {
  const others = new Map(control.map((message, index) => [responseId(message, control, index), message] as const));
  const paths = new Map<string, ValuePath>();
  for (const [index, message] of direct.entries()) {
    const id = responseId(message, direct, index);
    const other = id === undefined ? undefined : others.get(id);
    if (other === undefined) continue;
    const left = withoutIds(message.entry, views.direct.connectionIds);
    const right = withoutIds(other.entry, views.control.connectionIds);
    for (const path of framePaths(views.direct.protocol, left, right)) paths.set(JSON.stringify(path), path);
  }
  return [...paths.values()];
}

/** The same for messages of two clients that are the n-th answer to the same invocation; `undefined` for others. */
function responseId(message: MessageView, all: readonly MessageView[], index: number): string | undefined {
  const { during, isGreeting, target } = message;
  if (during === undefined && !isGreeting) return undefined;
  let before = 0;
  for (let place = index - 1; place >= 0 && all[place]?.during === during; place -= 1) before += 1;
  return `${during?.ordinal ?? "greeting"} ${target} ${before}`;
}

function formOf(view: ClientView, message: MessageView, isPrivate: boolean, hidden: Hidden): string {
  const isOwn = isPrivate && (message.during !== undefined || message.isGreeting);
  return isOwn
    ? privateForm(view.protocol, message.entry, hidden, view.connectionIds)
    : frameForm(view.protocol, message.entry, hidden);
}

/**
 * What came in quiet time must have come to all. So must what came to single clients while the hub worked on their own
 * invocation, if it came to both direct ones.
 */
function isFirm(
  role: Role,
  message: MessageView,
  segments: Messages,
  isPrivate: boolean,
  { quiet, disturbed }: MessageContext,
): boolean {
  const { atMs } = message.entry;
  if (disturbed.some((interval) => isWithin(interval, atMs))) return false;
  if (quiet.some((interval) => isWithin(interval, atMs))) return true;
  const { during } = message;
  if (!isPrivate || during === undefined) return false;
  const countIn = (other: Role): number => {
    const same = segments[other].filter((one) => one.during?.ordinal === during.ordinal);
    return countOf(same, message.target);
  };
  return role === "gateway" ? countIn("direct") === countIn("control") : countIn("control") > 0;
}

function isWithin({ fromMs, untilMs }: Interval, atMs: number): boolean {
  return atMs >= fromMs && atMs <= untilMs;
}

/** Positions of what differs: on the left the direct client's messages, on the right the gateway's client's. */
interface Found {
  readonly kind: MessageDifference["kind"];
  readonly direct?: number;
  readonly gateway?: number;
}

/**
 * What counts of `found`: not what sets the two direct clients apart as well (`natural`), such as a message for the caller
 * alone, or an order that the hub does not keep.
 */
function whatCounts(
  { control, gateway }: Items,
  found: Alignment,
  natural: Alignment,
  place: Place,
  notes: Set<string>,
): readonly Found[] {
  const onlyDirect = new Set(natural.missing);
  const onlyControl = new Set(natural.extra.map((index) => control[index]?.form));
  const perClient = new Set(natural.changed.map(([index]) => index));
  // Without a rule each client may be told something else.
  const different = found.changed.filter(([index]) => place.kind !== "other" || !perClient.has(index));
  if (different.length < found.changed.length) {
    notes.add(`${place.name}: the two direct clients got different bytes; they were only counted`);
  }
  const isOrderKept = place.isOrdered && natural.moved.length === 0;
  if (place.isOrdered && !isOrderKept && found.moved.length > 0) {
    notes.add(`${place.name}: the two direct clients got messages in different orders; the order was not compared`);
  }
  const missing = found.missing.filter((index) => !onlyDirect.has(index));
  const extra = found.extra.filter((index) => !onlyControl.has(gateway[index]?.form));
  return [
    ...missing.map((direct): Found => ({ kind: "missing", direct })),
    ...extra.map((index): Found => ({ kind: "extra", gateway: index })),
    ...different.map(([direct, other]): Found => ({ kind: "different", direct, gateway: other })),
    ...(isOrderKept ? found.moved : []).map(
      ([direct, other]): Found => ({ kind: "reordered", direct, gateway: other }),
    ),
  ];
}

function describe(
  found: readonly Found[],
  segments: Messages,
  items: Items,
  natural: Alignment,
  place: Place,
  { pair, disturbed }: MessageContext,
): readonly Omit<MessageDifference, "protocol">[] {
  const perClient = new Set(natural.changed.map(([index]) => index));
  const gatewayForms = countForms(items.gateway);
  return found.flatMap(({ kind, direct = -1, gateway = -1 }) => {
    const [own, other] = [segments.direct[direct], segments.gateway[gateway]];
    const first = own ?? other;
    if (first === undefined || disturbed.some((interval) => isWithin(interval, first.entry.atMs))) return [];
    return {
      about: "message",
      kind,
      place,
      target: first.target,
      pair,
      atMs: first.entry.atMs,
      direct: own,
      gateway: other,
      isPerClient: perClient.has(direct) || (kind === "extra" && perClient.size > 0),
      isCopy: kind === "extra" && (gatewayForms.get(items.gateway[gateway]?.form ?? "") ?? 0) > 1,
    };
  });
}

function countForms(items: readonly Item[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { form } of items) counts.set(form, (counts.get(form) ?? 0) + 1);
  return counts;
}
