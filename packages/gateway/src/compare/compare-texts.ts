import type { CompareResult, DifferenceReport } from "./compare-result.ts";
import type { CompareTarget } from "./compare-target.ts";
import type { Scenario } from "./scenario.ts";

export function introduction({ hub, originUrl, gatewayUrl }: CompareTarget, scenario: Scenario): string {
  const { pairs, protocols, steps, seed } = scenario;
  const each = protocols.map((protocol, index) => {
    const count = Array.from({ length: pairs }, (_, pair) => pair % protocols.length).filter(
      (at) => at === index,
    ).length;
    return `${count} ${protocol}`;
  });
  return [
    `hub      ${hub.path}`,
    `direct   ${originUrl}`,
    `gateway  ${gatewayUrl}`,
    `${pairs} ${pairs === 1 ? "pair" : "pairs"} (${each.join(", ")}), ${steps.length} steps, seed ${seed}`,
  ].join("\n");
}

export function progress(seconds: number, counts: Readonly<Record<"direct" | "gateway", number>>): string {
  return `${seconds.toFixed(0).padStart(4)} s  ${counts.direct} messages direct, ${counts.gateway} through the gateway`;
}

/** More lines than these help nobody; `--json` has all. */
const maxShown = 40;

/** What came out, for a person. Lines are separated by "\n". */
export function summary(result: CompareResult): string {
  const { differences, advice, notes, compared } = result;
  const numbers = new Map(advice.map(({ path }, index) => [path, index + 1]));
  const shown = differences.slice(0, maxShown).flatMap((one) => differenceLines(one, numbers.get(one.advice) ?? 0));
  const hiddenCount = differences.length - maxShown;
  const figures = `${compared.messages} messages, ${compared.answers} answers and ${compared.streamItems} stream items are the same`;
  return [
    "",
    ...shown,
    ...(hiddenCount > 0 ? [`... and ${hiddenCount} more lines; --json has all of them`] : []),
    ...(advice.length === 0 ? [] : ["", "What to change:"]),
    ...advice.flatMap(({ path, message }, index) => [`[${index + 1}] ${path}: ${message}`]),
    ...(differences.length === 0 && notes.length === 0 ? [] : [""]),
    ...notes.map((note) => `note: ${note}`),
    `${figures}, ${differenceCount(differences)} (${result.seconds} s, seed ${result.seed})`,
    verdict(result),
  ]
    .join("\n")
    .replace(/^\n+/, "\n");
}

function verdict({ equal, differences }: CompareResult): string {
  if (equal) return "equal: through the gateway clients see what they see directly";
  return differences.length === 0 ? "NOTHING COMPARED" : "NOT EQUAL";
}

function differenceCount(differences: readonly DifferenceReport[]): string {
  const total = differences.reduce((sum, { count }) => sum + count, 0);
  return total === 0 ? "nothing differs" : `${total} ${total === 1 ? "differs" : "differ"}`;
}

const sentences = {
  missing: "does not come through the gateway",
  extra: "comes through the gateway only",
  reordered: "comes in another order through the gateway",
  different: "is not the same through the gateway",
  error: "ends in another way through the gateway",
  refused: "is not refused alike",
  reconnected: "was lost on one side and made again",
  ended: "ended on one side",
} as const satisfies Readonly<Record<DifferenceReport["kind"], string>>;

function differenceLines(
  { kind, what, protocol, pairs, count, atMs, direct, gateway }: DifferenceReport,
  advice: number,
): readonly string[] {
  const where = `${pairs.length === 1 ? "pair" : "pairs"} ${listed(pairs)}, ${protocol}`;
  const first = count === 1 ? "at" : "first at";
  return [
    `${kind.toUpperCase().padEnd(11)} ${what} ${sentences[kind]}: ${count === 1 ? "once" : `${count} times`} (${where}) [${advice}]`,
    `    ${first} ${(atMs / 1000).toFixed(2)} s  direct   ${direct ?? "nothing"}`,
    `    ${" ".repeat(first.length + (atMs / 1000).toFixed(2).length + 3)}  gateway  ${gateway ?? "nothing"}`,
  ];
}

function listed(pairs: readonly number[]): string {
  return pairs.length > 8 ? `${pairs.slice(0, 8).join(", ")} and ${pairs.length - 8} more` : pairs.join(", ");
}
