import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run against the sources, so a failing line is the line in the editor.
    alias: {
      "@signalr-edge/protocol": source("packages/protocol/src/index.ts"),
      "@signalr-edge/gateway": source("packages/gateway/src/index.ts"),
      "@signalr-edge/client-shim": source("packages/client-shim/src/index.ts"),
    },
  },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tests/**/*.test.ts"],
    globalSetup: ["tests/support/build-origin.ts"],
    testTimeout: 20_000,
    // Tests that wait for the clock (handshake timeout, pings) all wait at the same time. Where more of them began at once,
    // those that connect would keep the others from connecting in time.
    maxConcurrency: 40,
    hookTimeout: 60_000,
    // Two cores: a second worker would compete with the origin process for the same CPU.
    maxWorkers: 2,
  },
});
