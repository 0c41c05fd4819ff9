import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths } from "../support/origin.ts";
import { asMarkdown, asText, joinResults, type Statement } from "./report.ts";
import { runSuite, type SuiteResults } from "./run-suite.ts";

const usage = `npm run conformance -- [--origin URL [--gateway URL]] [--full] [--json FILE] [--markdown FILE]

  --origin URL      a server that hosts the contract hub, without a path; default: ASP.NET Core is started
  --gateway URL     a gateway in front of it; default: the gateway of this repository is started
  --full            idle times and numbers of connections as in the checklist; minutes longer
  --json FILE       writes the results
  --markdown FILE   writes them as docs/conformance.md`;

/**
 * Runs the suite on an origin and through a gateway and compares. `--origin` names a server that hosts the contract hub,
 * by its URL without a path; without it the ASP.NET Core origin is started. `--gateway` names a gateway in front of it;
 * without it the gateway of this repository is. `--full`: load and idle time in the numbers of the checklist. Returns the exit code: 1 if a statement has two outcomes.
 */
export async function main(commandLine: string[]): Promise<number> {
  const { values } = parseArgs({
    args: commandLine,
    options: {
      origin: { type: "string" },
      gateway: { type: "string" },
      full: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      json: { type: "string" },
      markdown: { type: "string" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (values.gateway !== undefined && values.origin === undefined)
    throw new Error(`--gateway needs --origin: ${usage}`);
  const originUrl = values.origin === undefined ? undefined : new URL(values.origin).origin;
  const gatewayUrl = values.gateway === undefined ? undefined : new URL(values.gateway).origin;
  const probed = originUrl === undefined ? {} : await probe(originUrl);
  const env = { ...probed, ...(values.full && { CONFORMANCE_FULL: "true" }) };

  const run = await runSuite({ originUrl, gatewayUrl, env });
  const statements = joinResults(run.results);
  const summary = summarize(statements, run);
  const subject = { originUrl, gatewayUrl, versions: versionsOf(originUrl) };
  console.log(`${asText(statements)}\n\n${summary.lines.join("\n")}`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ ...subject, date: today(), statements, ...run }, undefined, 2)}\n`);
  }
  if (values.markdown !== undefined) writeFileSync(values.markdown, page(statements, summary.lines, subject));
  return summary.isSame ? 0 : 1;
}

/** What the named origin can do, for targets.ts. Throws if it does not host the contract hub. */
async function probe(originUrl: string): Promise<Record<string, string>> {
  const { status, text } = await askNegotiate(`${originUrl}${hubPaths.contract}`);
  if (status !== 200)
    throw new Error(`${originUrl}${hubPaths.contract}/negotiate answered ${status}, so it is no origin`);
  const { availableTransports } = JSON.parse(text) as { availableTransports: { transport: string }[] };
  const variants = await askNegotiate(`${originUrl}${hubPaths.webSockets}`);
  return {
    CONFORMANCE_TRANSPORTS: availableTransports.map(({ transport }) => transport).join(","),
    // Of an origin that offers as much as elsewhere on a hub with one transport, the hub is no such hub.
    CONFORMANCE_VARIANTS: String(variants.status === 200 && !variants.text.includes("LongPolling")),
  };
}

interface Summary {
  readonly isSame: boolean;
  readonly lines: readonly string[];
}

function summarize(statements: readonly Statement[], { results, others, errors }: SuiteResults): Summary {
  const different = statements.filter(({ verdict }) => verdict === "different");
  const same = statements.filter(({ verdict }) => verdict === "same");
  const failed = others.filter(({ outcome }) => outcome === "failed");
  const lines = [
    `${same.length} statements with the same outcome on all sides, ${different.length} with different ones, ${statements.length - same.length - different.length} made on one side only (${results.length} tests).`,
    ...different.map(({ number, text }) => `different: ${number} ${text}`),
    ...(others.length === 0 ? [] : [`${others.length - failed.length} of ${others.length} other tests passed.`]),
    ...failed.map(({ name }) => `failed: ${name}`),
    ...errors.map((message) => `error: ${message}`),
  ];
  return { isSame: different.length + failed.length + errors.length === 0 && same.length > 0, lines };
}

interface Subject {
  readonly originUrl: string | undefined;
  readonly gatewayUrl: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

function versionsOf(originUrl: string | undefined): Record<string, string> {
  const version = (path: string): string => {
    const text = readFileSync(new URL(`../../${path}/package.json`, import.meta.url), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  };
  return {
    "signalr-edge": version("packages/gateway"),
    "ASP.NET Core": originUrl === undefined ? aspNetVersion() : "as it runs there",
    "@microsoft/signalr": version("tests/node_modules/@microsoft/signalr"),
    Node: process.versions.node,
  };
}

function aspNetVersion(): string {
  const runtimes = execFileSync("dotnet", ["--list-runtimes"], { encoding: "utf8" });
  return [...runtimes.matchAll(/^Microsoft\.AspNetCore\.App (10\.\S+)/gm)].at(-1)?.[1] ?? "unknown";
}

function page(
  statements: readonly Statement[],
  summary: readonly string[],
  { originUrl, gatewayUrl, versions }: Subject,
): string {
  const template = readFileSync(new URL("report-page.md", import.meta.url), "utf8");
  const values: Readonly<Record<string, string>> = {
    date: today(),
    versions: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
    origin: originUrl ?? "the ASP.NET Core origin of tests/origin-aspnet",
    gateway: gatewayUrl ?? "this repository's, without rules and with the group rules of the contract hub",
    summary: summary.map((line) => `- ${line}`).join("\n"),
    table: asMarkdown(statements),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
