// `npm run bench -- --quick`: installs, builds, and measures the gateway beside its controls (tests/bench/load/README.md).
import { install, pnpm, requireNode, run } from "./steps.mjs";

requireNode();

console.error("Installing and building ...");
const failed = (await install()) || (await pnpm(["exec", "tsc", "-b", "tests/bench/load"], { quiet: true }));
if (failed) process.exit(failed);

process.exit(await run(process.execPath, ["tests/bench/load/dist/main.js", ...process.argv.slice(2)]));
