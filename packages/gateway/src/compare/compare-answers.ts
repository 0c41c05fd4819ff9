import type { HubProtocol } from "@signalr-edge/protocol";
import type { HubRules } from "../config/hub-rules.ts";
import { align, type Item } from "./align.ts";
import type { ClientView, InvocationView } from "./client-view.ts";
import type { AnswerDifference, Findings } from "./difference.ts";
import { framePaths, type Hidden, hiddenFor, privateForm, withoutIds } from "./frame-form.ts";
import type { FrameEntry, Role } from "./recording.ts";
import type { IgnoreRule } from "./scenario.ts";

type Views = Readonly<Record<Role, ClientView>>;

export interface AnswerContext {
  readonly pair: number;
  readonly ignore: readonly IgnoreRule[];
  readonly rules: HubRules;
  /** Answers that direct clients got in this pass, for results that the gateway may keep. */
  readonly known: KnownAnswers;
  readonly caller: string;
}

/**
 * What the hub answered to equal invocations of direct clients with equal credentials: `caller` is the same for those,
 * and different for others, whose answers are none of theirs.
 */
export class KnownAnswers {
  readonly #forms = new Set<string>();

  add(caller: string, { protocol, invocations }: ClientView): void {
    for (const invocation of invocations) {
      const { completion } = invocation;
      if (completion !== undefined) this.#forms.add(this.#form(caller, protocol, invocation, completion));
    }
  }

  has(caller: string, protocol: HubProtocol, invocation: InvocationView, completion: FrameEntry): boolean {
    return this.#forms.has(this.#form(caller, protocol, invocation, completion));
  }

  #form(caller: string, protocol: HubProtocol, { method, sent }: InvocationView, completion: FrameEntry): string {
    const { frame, envelope } = sent;
    const { start, end } = envelope.argumentsRange ?? { start: 0, end: 0 };
    const call = `${caller} ${protocol.name} ${method.toLowerCase()} ${frame.toString("latin1", start, end)}`;
    return `${call} ${payloadForm(completion)}`;
  }
}

/** Compares results, errors and stream items of one pair, invocation by invocation. Pure. */
export function compareAnswers(
  views: Views,
  context: AnswerContext,
): Pick<Findings, "differences" | "answers" | "streamItems" | "notes"> {
  const notes = new Set<string>();
  const differences: AnswerDifference[] = [];
  let [answers, streamItems] = [0, 0];
  const count = Math.min(views.direct.invocations.length, views.gateway.invocations.length);
  for (const [ordinal, direct] of views.direct.invocations.slice(0, count).entries()) {
    const gateway = views.gateway.invocations[ordinal];
    const control = views.control.invocations[ordinal];
    // After a reconnect on one side the invocations are no longer the same ones.
    if (gateway === undefined || control === undefined || gateway.method !== direct.method) break;
    const trio = { direct, gateway, control };
    const found = [...compareCompletions(views, trio, context, notes), ...compareItems(views, trio, context)];
    differences.push(...found);
    if (found.length > 0) continue;
    if (direct.completion !== undefined) answers += 1;
    streamItems += Math.min(direct.items.length, gateway.items.length);
  }
  return { differences, answers, streamItems, notes: [...notes] };
}

type Trio = Readonly<Record<Role, InvocationView>>;

function compareCompletions(
  views: Views,
  { direct, gateway, control }: Trio,
  context: AnswerContext,
  notes: Set<string>,
): readonly AnswerDifference[] {
  const { protocol } = views.direct;
  const [own, other, third] = [direct.completion, gateway.completion, control.completion];
  const difference = differenceOf(context, protocol, direct, gateway);
  if (own === undefined && other === undefined) return [];
  if (own === undefined) return third === undefined ? [difference("extra", own, other)] : [];
  if (other === undefined) return third === undefined ? [] : [difference("missing", own, other)];
  if (third === undefined || isError(own) !== isError(third)) {
    notes.add(`${direct.method}: the two direct clients got no answer of the same kind; it was not compared`);
    return [];
  }
  const hidden = [
    ...hiddenFor(context.ignore, "method", direct.method),
    ...framePaths(
      protocol,
      withoutIds(own, views.direct.connectionIds),
      withoutIds(third, views.control.connectionIds),
    ),
  ];
  const form = (view: ClientView, entry: FrameEntry): string => {
    const isSameId = own.envelope.invocationId === other.envelope.invocationId;
    return isSameId ? privateForm(protocol, entry, hidden, view.connectionIds) : payloadForm(entry);
  };
  if (form(views.direct, own) === form(views.gateway, other)) return [];
  if (isKept(context.rules, direct.method) && context.known.has(context.caller, protocol, direct, other)) return [];
  return [difference(isError(own) || isError(other) ? "error" : "different", own, other)];
}

/** A result may be older than the invocation, because a rule says so. */
function isKept(rules: HubRules, method: string): boolean {
  const name = method.toLowerCase();
  return rules.calls.has(name) || rules.joins.get(name)?.cacheMs !== undefined;
}

/** Stream items: all of them, or up to where one reader cancelled; for shared streams from the first common one on. */
function compareItems(views: Views, trio: Trio, context: AnswerContext): readonly AnswerDifference[] {
  const { direct, gateway, control } = trio;
  if (direct.kind !== "stream") return [];
  const { protocol } = views.direct;
  const isShared = context.rules.streams.has(direct.method.toLowerCase());
  const isCut = direct.isCancelled || gateway.isCancelled;
  const length = isCut ? Math.min(direct.items.length, gateway.items.length) : Number.POSITIVE_INFINITY;
  const hidden = hiddenFor(context.ignore, "method", direct.method);
  const natural = isShared ? [] : naturalItemPaths(protocol, direct, control);
  const items = (view: ClientView, { items: list }: InvocationView): readonly Item[] =>
    list.slice(0, length).map((entry) => ({
      form: privateForm(protocol, entry, [...hidden, ...natural], view.connectionIds),
      isFirm: !isShared,
      // Streams run as fast as they are read: only the place in them counts.
      atMs: 0,
    }));
  const found = align(items(views.direct, direct), items(views.gateway, gateway));
  const difference = differenceOf(context, protocol, direct, gateway);
  return [
    ...found.missing.map((index) => difference("missing", direct.items[index], undefined)),
    ...found.extra.map((index) => difference("extra", undefined, gateway.items[index])),
    ...[...found.changed, ...found.moved].map(([index, other]) =>
      difference("different", direct.items[index], gateway.items[other]),
    ),
  ];
}

function naturalItemPaths(protocol: HubProtocol, direct: InvocationView, control: InvocationView): Hidden {
  return direct.items.flatMap((item, index) => {
    const other = control.items[index];
    return other === undefined ? [] : framePaths(protocol, item, other);
  });
}

function differenceOf({ pair }: AnswerContext, protocol: HubProtocol, direct: InvocationView, gateway: InvocationView) {
  return (
    kind: AnswerDifference["kind"],
    directFrame: FrameEntry | undefined,
    gatewayFrame: FrameEntry | undefined,
  ): AnswerDifference => ({
    about: "answer",
    kind,
    pair,
    protocol: protocol.name,
    atMs: (directFrame ?? gatewayFrame ?? direct.sent).atMs,
    method: direct.method,
    direct,
    gateway,
    directFrame,
    gatewayFrame,
    paths:
      directFrame === undefined || gatewayFrame === undefined ? [] : framePaths(protocol, directFrame, gatewayFrame),
  });
}

function isError({ envelope }: FrameEntry): boolean {
  return envelope.error !== undefined;
}

/** Result and error of a completion, whatever its invocation id. */
function payloadForm({ frame, envelope }: FrameEntry): string {
  const { start, end } = envelope.result ?? { start: 0, end: 0 };
  return `${envelope.error ?? ""} ${envelope.result === undefined ? "void" : frame.toString("latin1", start, end)}`;
}
