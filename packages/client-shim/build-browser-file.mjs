// Builds the one file for plain pages: dist/signalr-edge.js, and .min.js of the same. The official client is not in it;
// a page loads that first, and the file uses its global `signalR`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const { version, license } = JSON.parse(readFileSync(path("package.json"), "utf8"));

const intro = `if (!globalThis.signalR) throw new Error("signalr-edge.js must be loaded after signalr.js of @microsoft/signalr");`;

for (const [file, minify] of [
  ["signalr-edge.js", false],
  ["signalr-edge.min.js", true],
]) {
  await build({
    input: path("src/browser.ts"),
    external: ["@microsoft/signalr"],
    platform: "browser",
    transform: {
      target: "es2019",
      // The file has no place of its own to find other modules from.
      define: { "import.meta.url": "undefined" },
    },
    logLevel: "warn",
    output: {
      file: path(`dist/${file}`),
      format: "iife",
      globals: { "@microsoft/signalr": "globalThis.signalR" },
      banner: `/*! signalr-edge ${version}, ${license} */`,
      intro,
      minify,
      sourcemap: true,
    },
  });
}
