import { fileURLToPath } from "node:url";
import { startVitest, type TestCase } from "vitest/node";
import type { Side, TestResult } from "./report.ts";

export interface SuiteRun {
  /** An origin and a gateway that run already, by their URLs without a path. Default: the tests start them. */
  readonly originUrl: string | undefined;
  readonly gatewayUrl: string | undefined;
  /** Further settings for targets.ts. */
  readonly env: Readonly<Record<string, string>>;
}

export interface SuiteResults {
  readonly results: readonly TestResult[];
  /** What is tested of the gateway by itself, or by comparing within one test. */
  readonly others: readonly { readonly name: string; readonly outcome: TestResult["outcome"] }[];
  /** Why there are no results of a file. */
  readonly errors: readonly string[];
}

const suiteFiles = ["direct", "direct-slow", "gateway", "gateway-slow"];
/** What is asked of the gateway alone, or compared within one test. */
const otherFiles = ["transcript", "error-parity", "gateway-only", "killed-gateway", "memory"];
/** They measure, so nothing else may run beside them. */
const measuringFiles = ["idle-clients", "stalled-clients", "memory"];

const sideByDescription: Readonly<Record<string, Side>> = {
  directly: "origin",
  "through a gateway without rules": "gateway",
  "through a gateway with group rules": "groupRules",
};

/** Runs the suite on all sides. The tests of files that do not compare sides are run if the processes are our own. */
export async function runSuite(run: SuiteRun): Promise<SuiteResults> {
  if (run.originUrl !== undefined) return runFiles(run, suiteFiles);
  const together = [...suiteFiles, ...otherFiles].filter((name) => !measuringFiles.includes(name));
  const results = [await runFiles(run, together), await runFiles(run, measuringFiles)];
  return {
    results: results.flatMap(({ results }) => results),
    others: results.flatMap(({ others }) => others),
    errors: results.flatMap(({ errors }) => errors),
  };
}

async function runFiles({ originUrl, gatewayUrl, env }: SuiteRun, names: readonly string[]): Promise<SuiteResults> {
  const vitest = await startVitest(
    "test",
    names.map((name) => fileURLToPath(new URL(`${name}.test.ts`, import.meta.url))),
    {
      watch: false,
      root: fileURLToPath(new URL("../..", import.meta.url)),
      reporters: ["dot"],
      env: {
        ...env,
        ...(originUrl === undefined ? {} : { CONFORMANCE_ORIGIN: originUrl }),
        ...(gatewayUrl === undefined ? {} : { CONFORMANCE_GATEWAY: gatewayUrl }),
      },
      // Tests abort connections of the whole origin: one that is not our own must be shared by one file at a time.
      fileParallelism: originUrl === undefined && names !== measuringFiles,
      // The group rules of the gateway are those of the tests, so it must be the tests' own.
      ...(gatewayUrl === undefined ? {} : { testNamePattern: /^(directly|through a gateway without rules) / }),
    },
  );
  const modules = vitest.state.getTestModules();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const ran = tests.filter((test) => ["passed", "failed"].includes(test.result().state));
  const errors = modules.flatMap((module) => module.errors().map(({ message }) => message));
  await vitest.close();
  return {
    results: ran.flatMap((test) => suiteResultOf(test) ?? []),
    others: ran
      .filter(({ module }) => otherFiles.some((name) => module.moduleId.endsWith(`/${name}.test.ts`)))
      .map((test) => ({ name: test.fullName, outcome: outcomeOf(test) })),
    errors,
  };
}

/** `undefined` for tests that are not part of the comparison. */
function suiteResultOf(test: TestCase): TestResult | undefined {
  const [description = "", origin, ...sections] = pathOf(test);
  const side = sideByDescription[description];
  if (side === undefined || origin !== "ASP.NET Core") return undefined;
  return { side, section: sections.join(" "), name: test.name, outcome: outcomeOf(test) };
}

/** The names of the suites around it, from the outermost. */
function pathOf(test: TestCase): string[] {
  const path: string[] = [];
  for (let parent = test.parent; parent.type === "suite"; parent = parent.parent) path.unshift(parent.name);
  return path;
}

function outcomeOf(test: TestCase): TestResult["outcome"] {
  return test.result().state === "passed" ? "passed" : "failed";
}
