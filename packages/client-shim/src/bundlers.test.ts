import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { expect, test } from "vitest";
import { Page } from "../../../tests/shim/support/page.ts";

/** The plugin in the README, for applications that import the official client in many places. */
const signalrEdge: Plugin = {
  name: "signalr-edge",
  async resolveId(source, importer, options) {
    if (source !== "@microsoft/signalr") return null;
    const shim = await this.resolve("@signalr-edge/client-shim", importer, options);
    // The shim itself gets the real one.
    return importer?.includes("client-shim") ? null : shim;
  },
};

const application = `
  import { HubConnectionBuilder } from "@microsoft/signalr";
  import { configureEdge } from "@signalr-edge/client-shim";

  configureEdge({ routes: [{ from: "https://origin.example", to: "https://edge.example" }] });
  globalThis.baseUrl = new HubConnectionBuilder().withUrl("https://origin.example/hubs/a").build().baseUrl;
`;

/** Modules of the test that have no file: the application, and the shim under the name that users install it by. */
const modules: Plugin = {
  name: "modules",
  resolveId(source) {
    if (source === "application") return fileURLToPath(new URL("../../../tests/application.js", import.meta.url));
    return source === "@signalr-edge/client-shim" ? fileURLToPath(new URL("index.ts", import.meta.url)) : null;
  },
  load: (id) => (id.endsWith("application.js") ? application : null),
};

async function bundle(plugins: Plugin[]): Promise<string> {
  const bundler = await rolldown({ input: "application", platform: "browser", logLevel: "silent", plugins });
  const { output } = await bundler.generate({ format: "iife" });
  await bundler.close();
  return output[0].code;
}

test("with the README's plugin, an application that imports the official client gets the shim, and one copy of each", async () => {
  const code = await bundle([signalrEdge, modules]);
  const page = new Page();
  await page.run(code);
  expect(await page.run("baseUrl")).toBe("https://edge.example/hubs/a");
  expect(code.split("Cannot start a HubConnection that is not in the").length).toBe(2);
});

test("without it, the same application gets the official client", async () => {
  const page = new Page();
  await page.run(await bundle([modules]));
  expect(await page.run("baseUrl")).toBe("https://origin.example/hubs/a");
});
