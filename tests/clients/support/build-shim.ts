import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const shimPackage = fileURLToPath(new URL("../../../packages/client-shim/", import.meta.url));

/** The file for plain pages, built as a release builds it, in a folder that nobody else builds in meanwhile. */
export interface BuiltShim {
  readonly file: string;
  remove(): Promise<void>;
}

export async function buildShim(): Promise<BuiltShim> {
  const folder = await mkdtemp(join(tmpdir(), "signalr-edge-shim-"));
  for (const name of ["src", "build-browser-file.mjs", "package.json"]) {
    await cp(join(shimPackage, name), join(folder, name), { recursive: true });
  }
  await symlink(join(shimPackage, "node_modules"), join(folder, "node_modules"));
  await promisify(execFile)(process.execPath, [join(folder, "build-browser-file.mjs")]);
  return { file: join(folder, "dist", "signalr-edge.js"), remove: () => rm(folder, { recursive: true }) };
}
