/** Where a test ran. */
export type Side = "origin" | "gateway" | "groupRules";
export type Outcome = "passed" | "failed";

/** One test of one run. */
export interface TestResult {
  readonly side: Side;
  /** The sections of the suite around it, as "json over WebSockets". */
  readonly section: string;
  /** Its name, which begins with its number in the checklist. */
  readonly name: string;
  readonly outcome: Outcome;
}

/** One statement on all sides. It may be tested over several transports and protocols, which are counted. */
export interface Statement {
  readonly number: string;
  readonly text: string;
  /** Absent: the statement is not made there (tests/conformance, `SuiteTraits`). */
  readonly tally: Readonly<Partial<Record<Side, Tally>>>;
  /** Whether every test that ran on the origin and on another side had one outcome. */
  readonly verdict: "same" | "different" | "one side only";
}

export interface Tally {
  readonly passed: number;
  readonly total: number;
}

export const sides: readonly Side[] = ["origin", "gateway", "groupRules"];

/** One statement per name, in the order of their numbers. */
export function joinResults(results: readonly TestResult[]): readonly Statement[] {
  const byName = groupBy(results, ({ name }) => name);
  const statements = [...byName].map(([name, tests]) => ({
    number: name.slice(0, 4),
    text: name.slice(5),
    tally: tallyOf(tests),
    verdict: verdictOf(tests),
  }));
  return statements.sort((left, right) => left.number.localeCompare(right.number));
}

function tallyOf(tests: readonly TestResult[]): Statement["tally"] {
  const bySide = groupBy(tests, ({ side }) => side);
  const tallies = [...bySide].map(([side, ofSide]) => {
    const passed = ofSide.filter(({ outcome }) => outcome === "passed").length;
    return [side, { passed, total: ofSide.length }] as const;
  });
  return Object.fromEntries(tallies);
}

function verdictOf(tests: readonly TestResult[]): Statement["verdict"] {
  const pairs = [...groupBy(tests, ({ section }) => section).values()].filter((pair) => isCompared(pair));
  if (pairs.length === 0) return "one side only";
  return pairs.every((pair) => new Set(pair.map(({ outcome }) => outcome)).size === 1) ? "same" : "different";
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function isCompared(tests: readonly TestResult[]): boolean {
  return tests.some(({ side }) => side === "origin") && tests.some(({ side }) => side !== "origin");
}

const headings: Readonly<Record<Side, string>> = {
  origin: "origin",
  gateway: "gateway",
  groupRules: "with group rules",
};

/** The statements as a table for a terminal. */
export function asText(statements: readonly Statement[]): string {
  const rows = statements.map(({ number, text, tally, verdict }) => [
    ...sides.map((side) => cell(tally[side]).padEnd(9)),
    verdict.padEnd(13),
    `${number} ${text}`,
  ]);
  const head = ["origin   ", "gateway  ", "groups   ", "same?        ", "statement"];
  return [head, ...rows].map((columns) => columns.join(" ")).join("\n");
}

/** The statements as a Markdown table. */
export function asMarkdown(statements: readonly Statement[]): string {
  const head = `| number | statement | ${sides.map((side) => headings[side]).join(" | ")} | same? |`;
  const rows = statements.map(({ number, text, tally, verdict }) => {
    const cells = sides.map((side) => cell(tally[side]));
    return `| ${number} | ${escapeMarkdown(text)} | ${cells.join(" | ")} | ${verdict} |`;
  });
  return [head, "|---|---|---|---|---|---|", ...rows].join("\n");
}

/** Nothing for a statement that is not made, "3" for three tests that passed, "2 of 3" if one did not. */
function cell(tally: Tally | undefined): string {
  if (tally === undefined) return "";
  return tally.passed === tally.total ? String(tally.total) : `${tally.passed} of ${tally.total}`;
}

/** So that a name shows up as it is: names hold JSON, and columns end with a bar. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\|<>`*_[\]]/g, (character) => `\\${character}`).replaceAll("\n", " ");
}
