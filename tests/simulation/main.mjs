// npm run simulate -- --seeds 1000000 --first 1
// Compiles to plain modules first: a name that crosses modules is a getter call when Vite loads them, which would be a
// fourth of the time of a run. They are put where they find the packages that the gateway uses.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

function compile(...args) {
  const { status } = spawnSync(process.execPath, [path("../../node_modules/typescript/bin/tsc"), ...args], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
}

compile("-b", path("../../packages/protocol"));
compile("-p", path("tsconfig.run.json"));
process.setSourceMapsEnabled(true);
const { main } = await import("../../packages/gateway/.tsbuild/simulation/tests/simulation/main.js");
process.exitCode = main(process.argv.slice(2));
