import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const originProject = fileURLToPath(new URL("../origin-aspnet/", import.meta.url));
/** Where `setup` puts the built origin. It exists exactly if this machine can run it. */
export const originAssembly = join(originProject, "bin", "conformance", "Origin.dll");

const requiredSdk = "10.0";
const environment = { ...process.env, DOTNET_NOLOGO: "1", DOTNET_CLI_TELEMETRY_OPTOUT: "1" };

/**
 * Vitest global setup: builds the ASP.NET Core origin once, before any worker starts, unless the last build is newer
 * than the sources. Without the SDK it removes what an earlier build left, so that the tests see that they cannot run.
 */
export async function setup(): Promise<void> {
  const problem = await findSdkProblem();
  if (problem !== undefined) {
    await rm(dirname(originAssembly), { recursive: true, force: true });
    console.warn(`${problem}: the tests against the ASP.NET Core origin did not run.`);
    return;
  }
  if (!isUpToDate()) await build();
}

async function findSdkProblem(): Promise<string | undefined> {
  try {
    const { stdout } = await run("dotnet", ["--list-sdks"], { env: environment });
    return stdout.split("\n").some((line) => line.startsWith(`${requiredSdk}.`))
      ? undefined
      : `dotnet has no SDK ${requiredSdk}`;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "dotnet is not on the PATH";
    throw error;
  }
}

function isUpToDate(): boolean {
  if (!existsSync(originAssembly)) return false;
  const builtAt = statSync(originAssembly).mtimeMs;
  return readdirSync(originProject, { recursive: true, encoding: "utf8" })
    .filter((file) => /^(?!bin|obj).*\.(cs|csproj)$/.test(file))
    .every((file) => statSync(join(originProject, file)).mtimeMs < builtAt);
}

/** Builds beside the last build and then swaps: a test run that starts meanwhile never sees half of it. */
async function build(): Promise<void> {
  const objects = join(originProject, "obj");
  await mkdir(objects, { recursive: true });
  const workspace = await mkdtemp(join(objects, "conformance-"));
  try {
    await compile(workspace);
    const output = dirname(originAssembly);
    await mkdir(dirname(output), { recursive: true });
    if (existsSync(output)) await rename(output, join(workspace, "previous"));
    await rename(join(workspace, "bin", "Origin", "release"), output);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

async function compile(workspace: string): Promise<void> {
  const options = ["-c", "Release", "--artifacts-path", workspace, "-v", "quiet"];
  try {
    await run("dotnet", ["build", originProject, ...options], { env: environment });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new Error(`the ASP.NET Core origin does not build:\n${output}`, { cause: error });
  }
}
