import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { compileHubRules } from "../config/compile.ts";
import { type ConfigError, formatConfigError } from "../config/config-error.ts";
import type { HubRules } from "../config/hub-rules.ts";
import type { Config } from "../config/schema.ts";
import { KnownAnswers } from "./compare-answers.ts";
import { comparePair, viewPair } from "./compare-pair.ts";
import { type CompareResult, compareResult } from "./compare-result.ts";
import { type CompareTarget, findTarget, type GivenUrls, whyUnreachable } from "./compare-target.ts";
import { introduction, progress, summary } from "./compare-texts.ts";
import type { Findings } from "./difference.ts";
import { Evidence } from "./evidence.ts";
import { variablesOf } from "./fill-in.ts";
import { describeGrowth, type GatewayCounters, readCounters } from "./gateway-counters.ts";
import { readScenario, type ScenarioResult } from "./read-scenario.ts";
import type { Entry, PairRecording, Role } from "./recording.ts";
import { runPair } from "./run-pair.ts";
import type { Scenario } from "./scenario.ts";

export interface CompareOptions extends GivenUrls {
  /** Name of the scenario file. */
  readonly scenario: string;
  /** Instead of what the scenario says. */
  readonly pairs: number | undefined;
  readonly seed: number | undefined;
  /** Repeats the steps until so many seconds have passed; `undefined`: once. */
  readonly seconds: number | undefined;
  /** The last line on `stdout` is the result as one JSON object; everything else goes to `stderr`. */
  readonly json: boolean;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Exit codes: 0 equal, 1 not equal or nothing compared, 2 wrong scenario or options. */
export async function runCompare(config: Config, options: CompareOptions): Promise<number> {
  const read = await readScenarioFile(options.scenario);
  if (!read.ok) return complain(options, read.errors);
  const { pairs = read.scenario.pairs, seed = read.scenario.seed } = options;
  const scenario = { ...read.scenario, pairs, seed };
  const found = findTarget(config, scenario, options);
  if (!found.ok) return complain(options, found.errors);
  if (await isUnreachable(found.target, options)) return 1;
  const interrupt = new AbortController();
  // Every pair listens while it waits.
  setMaxListeners(0, interrupt.signal);
  const onSignal = (): void => interrupt.abort();
  // A second signal ends the process as usual.
  for (const signal of stopSignals) process.once(signal, onSignal);
  try {
    const result = await compare(config, scenario, found.target, options, interrupt);
    print(options, summary(result));
    if (options.json) options.stdout.write(`${JSON.stringify(result)}\n`);
    return result.equal ? 0 : 1;
  } finally {
    for (const signal of stopSignals) process.off(signal, onSignal);
  }
}

const stopSignals = ["SIGINT", "SIGTERM"] as const;

async function readScenarioFile(fileName: string): Promise<ScenarioResult> {
  try {
    return readScenario(await readFile(fileName, "utf8"), { fileName, environment: process.env });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, errors: [{ path: fileName, message: `cannot be read: ${reason}` }] };
  }
}

function complain({ stderr }: CompareOptions, errors: readonly ConfigError[]): number {
  for (const error of errors) stderr.write(`${formatConfigError(error)}\n`);
  stderr.write(`${errors.length} error(s); nothing was compared\n`);
  return 2;
}

async function isUnreachable({ originUrl, gatewayUrl }: CompareTarget, { stderr }: CompareOptions): Promise<boolean> {
  const sides = [
    ["origin", originUrl],
    ["gateway", gatewayUrl],
  ] as const;
  const problems = await Promise.all(sides.map(async ([name, url]) => ({ name, url, why: await whyUnreachable(url) })));
  const found = problems.filter(({ why }) => why !== undefined);
  for (const { name, url, why } of found) stderr.write(`the ${name} cannot be reached at ${url}: ${why}\n`);
  if (found.length > 0)
    stderr.write("nothing was compared; is it running, and is the URL right (--origin, --gateway)?\n");
  return found.length > 0;
}

function print({ json, stdout, stderr }: CompareOptions, text: string): void {
  (json ? stderr : stdout).write(`${text}\n`);
}

async function compare(
  config: Config,
  scenario: Scenario,
  target: CompareTarget,
  options: CompareOptions,
  interrupt: AbortController,
): Promise<CompareResult> {
  print(options, introduction(target, scenario));
  const { hub, hubPath, adminUrl } = target;
  const readNow = async (): Promise<GatewayCounters | undefined> =>
    adminUrl === undefined ? undefined : readCounters(adminUrl, hub.path, config.admin.token);
  const before = await readNow();
  const rules = compileHubRules(hub);
  const run = new ComparisonRun(scenario, rules, target, interrupt);
  const clock = setInterval(() => print(options, progress(run.seconds, run.received)), progressMs);
  try {
    do await run.pass();
    while (!interrupt.signal.aborted && run.seconds < (options.seconds ?? 0));
  } finally {
    clearInterval(clock);
  }
  const after = await readNow();
  const notes = [
    ...run.notes,
    ...missingJoins(scenario, rules, hubPath),
    ...(before !== undefined && after !== undefined ? describeGrowth(before, after) : []),
    ...(options.admin !== undefined && after === undefined ? [`no counters for ${hub.path} at ${options.admin}`] : []),
  ];
  const figures = { pairs: scenario.pairs, passes: run.passes, seed: scenario.seed, seconds: run.seconds };
  return compareResult(run.findings, { evidence: run.evidence, rules, hub, hubPath, scenario }, figures, notes);
}

const progressMs = 5_000;

/** A method that the scenario joins with, and no rule does. */
function missingJoins({ steps }: Scenario, rules: HubRules, hubPath: string): readonly string[] {
  const methods = steps.flatMap((step) => (step.kind === "join" ? [step.method] : []));
  return [...new Set(methods)]
    .filter((method) => !rules.joins.has(method.toLowerCase()))
    .map((method) => `no rule of ${hubPath}.groups joins with ${method}: each client joins on its own connection`);
}

/** Bytes of recorded frames at which a pass is cut short: what two clients receive in minutes of heavy traffic. */
const maxRecordedBytes = 512 * 1024 * 1024;

/** Passes of all pairs, compared one after the other, so that only findings outlive them. */
class ComparisonRun {
  readonly findings: Findings[] = [];
  readonly evidence = new Evidence();
  readonly notes: string[] = [];
  readonly received = { direct: 0, gateway: 0, control: 0 };
  passes = 0;
  #recordedBytes = 0;
  readonly #scenario: Scenario;
  readonly #rules: HubRules;
  readonly #target: CompareTarget;
  readonly #interrupt: AbortController;
  readonly #startedAt = performance.now();

  constructor(scenario: Scenario, rules: HubRules, target: CompareTarget, interrupt: AbortController) {
    this.#scenario = scenario;
    this.#rules = rules;
    this.#target = target;
    this.#interrupt = interrupt;
  }

  /** Since the start, with one decimal. */
  get seconds(): number {
    return Math.round(this.#now() / 100) / 10;
  }

  async pass(): Promise<void> {
    this.passes += 1;
    this.#recordedBytes = 0;
    const numbers = Array.from({ length: this.#scenario.pairs }, (_, index) => index + 1);
    const recordings = await Promise.all(numbers.map((pair) => this.#runPair(pair)));
    const views = recordings.map((recording) => viewPair(recording, this.#rules));
    const known = new KnownAnswers();
    for (const [index, { direct, control }] of views.entries()) {
      for (const view of [direct, control]) known.add(this.#caller(index + 1), view);
    }
    for (const [index, recording] of recordings.entries()) {
      const view = views[index];
      if (view === undefined) continue;
      const answers = { known, caller: this.#caller(recording.pair) };
      this.findings.push(comparePair(recording, view, this.#rules, this.#scenario, answers));
    }
    this.evidence.add(views.map((view, index) => ({ ...view, pair: index + 1 })));
  }

  #runPair(pair: number): Promise<PairRecording> {
    const { originUrl, gatewayUrl } = this.#target;
    const { protocols } = this.#scenario;
    return runPair({
      scenario: this.#scenario,
      pair,
      pass: this.passes,
      protocol: protocols[(pair - 1) % protocols.length] ?? "json",
      urls: { direct: originUrl, gateway: gatewayUrl, control: originUrl },
      now: () => this.#now(),
      recorded: (role, entry) => this.#recorded(role, entry),
      interrupted: this.#interrupt.signal,
    });
  }

  #recorded(role: Role, entry: Entry): void {
    if (entry.kind !== "received") return;
    this.received[role] += 1;
    this.#recordedBytes += entry.frame.length;
    if (this.#recordedBytes <= maxRecordedBytes || this.#interrupt.signal.aborted) return;
    this.notes.push(
      `cut short after ${maxRecordedBytes} bytes of messages in one pass; take fewer pairs or shorter waits`,
    );
    this.#interrupt.abort();
  }

  /** The same for pairs that come with the same credentials. */
  #caller(pair: number): string {
    const { accessToken, headers, query } = this.#scenario;
    return variablesOf([accessToken, headers, query]).length === 0 ? "all" : `pair ${pair}`;
  }

  #now(): number {
    return performance.now() - this.#startedAt;
  }
}
