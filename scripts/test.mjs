// `npm test`: installs, then lint, types, and every test; ends with the line `N passed, N failed`.
// Words after `--` choose test files, as in `npm test -- tests/e2e`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install, pnpm, requireNode } from "./steps.mjs";

requireNode();
if (await install()) {
  console.log("0 passed, 1 failed");
  process.exit(1);
}

const total = { passed: 0, failed: 0, skipped: 0 };

for (const [name, args] of [
  ["lint", ["exec", "biome", "ci", "--error-on-warnings", "."]],
  ["types", ["exec", "tsc", "-b"]],
]) {
  const code = await pnpm(args, { quiet: true });
  console.log(`${code === 0 ? "ok" : "FAILED"}: ${name}`);
  total[code === 0 ? "passed" : "failed"] += 1;
}

const folder = mkdtempSync(join(tmpdir(), "signalr-edge-test-"));
const outputFile = join(folder, "results.json");
const code = await pnpm([
  "exec",
  "vitest",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${outputFile}`,
  ...process.argv.slice(2),
]);
countResults(code);
rmSync(folder, { recursive: true, force: true });

const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);

/** A run that failed without a failed test (a file that does not load, an unhandled rejection) counts as one. */
function countResults(exitCode) {
  let results = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  try {
    results = JSON.parse(readFileSync(outputFile, "utf8"));
  } catch (error) {
    console.error(`vitest left no results: ${error.message}`);
  }
  total.passed += results.numPassedTests;
  total.failed += results.numFailedTests;
  total.skipped += results.numPendingTests;
  if (exitCode !== 0 && results.numFailedTests === 0) total.failed += 1;
}
