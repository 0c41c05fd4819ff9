import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const project = fileURLToPath(new URL("../../clients-dotnet/", import.meta.url));
/** The client is compiled from these; all but the first belong to the origin that it shares them with. */
const sources = [project, fileURLToPath(new URL("../../origin-aspnet/Values/", import.meta.url))];

export interface DotNetVersion {
  readonly client: string;
  /** `undefined` where this package cannot be had for the version: the client then speaks JSON only. */
  readonly messagePack: string | undefined;
}

/**
 * Builds the client program for one version of the library, unless the last build is newer than the sources. Resolves to
 * the path of its assembly. Rejects with what the compiler says.
 */
export async function buildDotNetClient(version: DotNetVersion): Promise<string> {
  const assembly = join(project, "bin", version.client, "Client.dll");
  if (!isUpToDate(assembly)) await build(version, dirname(assembly));
  return assembly;
}

function isUpToDate(assembly: string): boolean {
  if (!existsSync(assembly)) return false;
  const builtAt = statSync(assembly).mtimeMs;
  return sources.every((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /^(?!bin|obj).*\.(cs|csproj)$/.test(file))
      .every((file) => statSync(join(folder, file)).mtimeMs < builtAt),
  );
}

/** Builds in a folder of its own and then swaps: another test run that builds the same meanwhile does not notice. */
async function build(version: DotNetVersion, output: string): Promise<void> {
  const objects = join(project, "obj");
  await mkdir(objects, { recursive: true });
  const workspace = await mkdtemp(join(objects, `${version.client}-`));
  try {
    await compile(version, workspace);
    await mkdir(dirname(output), { recursive: true });
    if (existsSync(output)) await rename(output, join(workspace, "previous"));
    await rename(join(workspace, "bin", "Client", "release"), output);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

async function compile({ client, messagePack }: DotNetVersion, workspace: string): Promise<void> {
  const versions = [`-p:SignalRClientVersion=${client}`, `-p:MessagePackProtocolVersion=${messagePack ?? ""}`];
  const options = ["-c", "Release", "--artifacts-path", workspace, "-v", "quiet"];
  const env = { ...process.env, DOTNET_NOLOGO: "1", DOTNET_CLI_TELEMETRY_OPTOUT: "1" };
  try {
    await run("dotnet", ["build", project, ...versions, ...options], { env });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new Error(`the .NET client ${client} does not build:\n${output}`, { cause: error });
  }
}
