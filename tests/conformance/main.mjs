// npm run conformance -- [--origin URL [--gateway URL]] [--full] [--json FILE] [--markdown FILE]
// Loads main.ts through Vite, which compiles it on the fly: nothing has to be built, and failing lines are source lines.
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const server = await createViteServer({
  configFile: false,
  root: path("../.."),
  logLevel: "error",
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
});
try {
  const { main } = await server.ssrLoadModule(path("main.ts"));
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await server.close();
}
