// `npm start`: installs, builds, and runs the demo; `npm start -- --config my.yaml` runs the gateway on that file.
import { install, pnpm, requireNode, run } from "./steps.mjs";

requireNode();
const args = process.argv.slice(2);

console.error("Installing and building (a minute the first time, seconds after that) ...");
const failed = (await install()) || (await pnpm(["exec", "tsc", "-b", "packages/gateway"], { quiet: true }));
if (failed) process.exit(failed);

const command = args.length === 0 ? ["demo"] : args;
process.exit(await run(process.execPath, ["packages/gateway/dist/cli.js", ...command]));
