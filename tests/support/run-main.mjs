// Loads the main.ts of a command through Vite, which compiles it on the fly: nothing has to be built, failing lines are
// source lines, and block coverage is per source.
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** Sources that the command takes instead of the packages as they are built. */
export const sources = {
  protocol: { "@signalr-edge/protocol": path("../../packages/protocol/src/index.ts") },
  gateway: { "@signalr-edge/gateway": path("../../packages/gateway/src/index.ts") },
};

/** Runs `main(arguments)` of the file and ends the process with what it returns. */
export async function runMain(file, alias = {}) {
  const server = await createViteServer({
    configFile: false,
    root: path("../.."),
    logLevel: "error",
    server: { middlewareMode: true, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
    resolve: { alias },
  });
  try {
    const { main } = await server.ssrLoadModule(fileURLToPath(file));
    process.exitCode = await main(process.argv.slice(2));
  } finally {
    await server.close();
  }
}
