// npm run fuzz -- --minutes 5 [--seed S] [--target NAME]
// Loads main.ts through Vite, which compiles it on the fly: nothing has to be built, and block coverage is per source.
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const server = await createViteServer({
  configFile: false,
  root: path("../.."),
  logLevel: "error",
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
  resolve: {
    alias: {
      "@signalr-edge/protocol": path("../../packages/protocol/src/index.ts"),
      "@signalr-edge/gateway": path("../../packages/gateway/src/index.ts"),
    },
  },
});
try {
  const { main } = await server.ssrLoadModule(path("main.ts"));
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await server.close();
}
