import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));

/** What each package may consist of, by the first part of the path. */
const contents = {
  protocol: ["LICENSE", "README.md", "dist", "package.json"],
  gateway: ["LICENSE", "README.md", "dashboard", "dist", "package.json"],
  "client-shim": ["LICENSE", "README.md", "dist", "package.json"],
} as const;

describe("the packages as they are published", { timeout: 300_000 }, () => {
  let folder: string;
  /** By name of the package. */
  const archives = new Map<string, string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "signalr-edge-pack-"));
    const { packageManager } = JSON.parse(await readFile(`${root}package.json`, "utf8"));
    await execute("npx", ["--yes", packageManager, "exec", "tsc", "-b"], { cwd: root });
    for (const name of Object.keys(contents)) {
      const cwd = `${root}packages/${name}`;
      const { stdout } = await execute(
        "npx",
        ["--yes", packageManager, "pack", "--json", "--pack-destination", folder],
        { cwd },
      );
      archives.set(name, JSON.parse(stdout.slice(stdout.indexOf("{"))).filename);
    }
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const [name, allowed] of Object.entries(contents)) {
    test(`${name} has what it needs and nothing else`, async () => {
      const { stdout } = await execute("tar", ["-tzf", archives.get(name) ?? ""]);
      const paths = stdout
        .trim()
        .split("\n")
        .map((path) => path.replace(/^package\//, ""));
      expect([...new Set(paths.map((path) => path.split("/")[0]))].sort()).toEqual(allowed);
      expect(paths.filter((path) => /\.(test|testing)\./.test(path))).toEqual([]);
    });
  }

  test("installed into an empty folder, the command runs and the libraries can be imported", async () => {
    const target = join(folder, "empty");
    await execute("mkdir", [target]);
    await writeFile(join(target, "package.json"), '{ "name": "empty", "private": true, "type": "module" }');
    await execute(
      "npm",
      ["install", "--no-audit", "--no-fund", "--prefer-offline", ...archives.values(), "@microsoft/signalr@10.0.11"],
      {
        cwd: target,
      },
    );
    const command = join(target, "node_modules/.bin/signalr-edge");
    expect((await execute(command, ["--version"])).stdout).toBe("0.1.0\n");
    const run = `import { createGateway, configForOrigin } from "@signalr-edge/gateway";
import { hubProtocols } from "@signalr-edge/protocol";
import { configureEdge, HubConnectionBuilder } from "@signalr-edge/client-shim";
const loaded = configForOrigin("http://127.0.0.1:9/hub", { port: 0 });
const gateway = createGateway({ ...loaded.config, admin: { ...loaded.config.admin, port: 0 } });
const { url, adminUrl } = await gateway.start();
const page = await (await fetch(adminUrl + "/")).text();
const loads = page.match(/dashboard[/][a-z]+[.][a-z]+/g).map((path) => fetch(adminUrl + "/" + path));
const statuses = new Set((await Promise.all(loads)).map(({ status }) => status));
await gateway.stop();
console.log(typeof hubProtocols.json, typeof configureEdge, typeof HubConnectionBuilder, url.startsWith("http://127.0.0.1:"), loads.length, ...statuses);`;
    await writeFile(join(target, "run.js"), run);
    expect((await execute(process.execPath, ["run.js"], { cwd: target })).stdout).toBe(
      "object function function true 3 200\n",
    );
    expect(await readdir(join(target, "node_modules/@signalr-edge"))).toEqual(["client-shim", "gateway", "protocol"]);
  });
});
