// npm run churn -- [churn|storm|recovery] --seconds 60 --kills 5 --seed S
// Loads main.ts through Vite, which compiles it on the fly. The gateway itself is the built one, in a process of its own.
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const server = await createViteServer({
  configFile: false,
  root: path("../.."),
  logLevel: "error",
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
  resolve: { alias: { "@signalr-edge/protocol": path("../../packages/protocol/src/index.ts") } },
});
try {
  const { main } = await server.ssrLoadModule(path("main.ts"));
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await server.close();
}
