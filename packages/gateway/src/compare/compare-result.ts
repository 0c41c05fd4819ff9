import { hubProtocols } from "@signalr-edge/protocol";
import type { HubRules } from "../config/hub-rules.ts";
import type { Advice, Case } from "./advice.ts";
import { advise } from "./advise.ts";
import type { Difference, Findings } from "./difference.ts";
import type { Evidence } from "./evidence.ts";
import { showFrame } from "./frame-form.ts";
import type { FrameEntry } from "./recording.ts";
import type { Scenario } from "./scenario.ts";
import { showPath } from "./value-path.ts";

/** Equal differences of several messages and pairs. */
export interface DifferenceReport {
  readonly kind: Difference["kind"];
  /** `OddsChanged of event:42`, `answer of GetEvent`, `connection`. */
  readonly what: string;
  readonly protocol: string;
  readonly pairs: readonly number[];
  readonly count: number;
  /** Of the first of them: milliseconds since the run began, and what each side got, for people. */
  readonly atMs: number;
  readonly direct: string | undefined;
  readonly gateway: string | undefined;
  /** Where to change something: the `path` of one of `advice`. */
  readonly advice: string;
}

/** What `signalr-edge compare --json` prints. */
export interface CompareResult {
  /** Something was compared, and nothing differed. */
  readonly equal: boolean;
  readonly pairs: number;
  readonly passes: number;
  readonly seed: number;
  readonly seconds: number;
  readonly compared: { readonly messages: number; readonly answers: number; readonly streamItems: number };
  readonly differences: readonly DifferenceReport[];
  readonly advice: readonly Advice[];
  readonly notes: readonly string[];
}

export interface RunFigures {
  readonly pairs: number;
  readonly passes: number;
  readonly seed: number;
  readonly seconds: number;
}

export function compareResult(
  findings: readonly Findings[],
  facts: Case,
  figures: RunFigures,
  notes: readonly string[],
): CompareResult {
  const advice = new Map<string, Advice>();
  const reports = new Map<string, DifferenceReport>();
  for (const difference of byInterest(findings)) addReport(reports, advice, difference, facts);
  const sum = (count: (one: Findings) => number): number => findings.reduce((total, one) => total + count(one), 0);
  const compared = {
    messages: sum(({ messages }) => messages),
    answers: sum(({ answers }) => answers),
    streamItems: sum(({ streamItems }) => streamItems),
  };
  const shared = sum(({ sharedMessages }) => sharedMessages);
  const nothing = whyNothingCompared(facts.scenario, compared, shared, reports.size);
  const allNotes = [...new Set([...(nothing === undefined ? [] : [nothing]), ...findings.flatMap((one) => one.notes)])];
  return {
    equal: reports.size === 0 && nothing === undefined,
    ...figures,
    compared,
    differences: [...reports.values()],
    advice: [...advice.values()],
    notes: [...allNotes, ...unseen(facts.rules, facts.evidence, facts.hubPath), ...notes],
  };
}

/** Those first that have two sides to look at, because they say most; then by time. */
function byInterest(findings: readonly Findings[]): readonly Difference[] {
  const rank = ({ kind }: Difference): number => (kind === "different" || kind === "error" ? 0 : 1);
  return findings
    .flatMap(({ differences }) => differences)
    .sort((left, right) => rank(left) - rank(right) || left.atMs - right.atMs);
}

/** Adds to the report of equal differences, or makes one: only its first difference is looked into for advice. */
function addReport(
  reports: Map<string, DifferenceReport>,
  advice: Map<string, Advice>,
  difference: Difference,
  facts: Case,
): void {
  const { kind, protocol, pair, atMs } = difference;
  const what = whatOf(difference);
  const id = [kind, what, protocol, ...traitsOf(difference)].join("\n");
  const known = reports.get(id);
  if (known !== undefined) {
    const pairs = known.pairs.includes(pair) ? known.pairs : [...known.pairs, pair].sort((one, other) => one - other);
    reports.set(id, { ...known, pairs, count: known.count + 1 });
    return;
  }
  const own = advise(facts, difference);
  if (!advice.has(own.path)) advice.set(own.path, own);
  const [direct, gateway] = sidesOf(difference);
  const [first, pairs] = [Math.round(atMs), [pair]];
  reports.set(id, { kind, what, protocol, pairs, count: 1, atMs: first, direct, gateway, advice: own.path });
}

/** What makes a difference of another nature, though of the same kind. */
function traitsOf(difference: Difference): readonly (string | boolean | undefined)[] {
  if (difference.about === "message") return [difference.isPerClient, difference.isCopy];
  if (difference.about === "answer") return [difference.gatewayFrame?.envelope.error];
  return [difference.direct, difference.gateway];
}

function whatOf(difference: Difference): string {
  switch (difference.about) {
    case "message": {
      const { target, place } = difference;
      return place.kind === "group" ? `${target} of ${place.name}` : target;
    }
    case "answer": {
      const { directFrame, gatewayFrame, method, paths } = difference;
      const isItem = (directFrame ?? gatewayFrame)?.envelope.item !== undefined;
      const where = paths.length === 0 ? "" : ` at ${paths.slice(0, 3).map(showPath).join(", ")}`;
      return `${isItem ? "stream item" : "answer"} of ${method}${where}`;
    }
    case "connection":
      return "connection";
  }
}

function sidesOf(difference: Difference): readonly [string | undefined, string | undefined] {
  if (difference.about === "connection") return [difference.direct, difference.gateway];
  const protocol = hubProtocols[difference.protocol];
  const show = (entry: FrameEntry | undefined): string | undefined => entry && showFrame(protocol, entry);
  return difference.about === "message"
    ? [show(difference.direct?.entry), show(difference.gateway?.entry)]
    : [show(difference.directFrame), show(difference.gatewayFrame)];
}

/** A run that compared nothing proves nothing. */
function whyNothingCompared(
  { steps }: Scenario,
  { messages, answers, streamItems }: CompareResult["compared"],
  sharedMessages: number,
  differenceCount: number,
): string | undefined {
  if (differenceCount > 0) return undefined;
  const hasJoins = steps.some(({ kind }) => kind === "join");
  if (hasJoins ? sharedMessages > 0 : messages + answers + streamItems > 0) return undefined;
  const what = hasJoins ? "no message of a group or broadcast reached both sides" : "nothing reached both sides";
  return `nothing was compared: ${what}, so this run says nothing about the rules; let the hub publish while the scenario waits (a longer wait, or wait with until: TARGET), or let a step of the scenario send`;
}

/** Rules that the run did not exercise. */
function unseen(rules: HubRules, evidence: Evidence, hubPath: string): readonly string[] {
  const messages = rules.groups.flatMap((group, index) =>
    group.messages.map(({ target }, place) => ({ target, path: `${hubPath}.groups[${index}].messages[${place}]` })),
  );
  const broadcasts = [...rules.broadcasts.keys()].map((target, index) => {
    return { target, path: `${hubPath}.broadcasts[${index}]` };
  });
  return [...messages, ...broadcasts]
    .filter(({ target }) => evidence.sightingsOf(target).length === 0)
    .map(({ target, path }) => `not seen: ${target} (${path})`);
}
