import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const environment = { ...process.env, DOTNET_NOLOGO: "1", DOTNET_CLI_TELEMETRY_OPTOUT: "1" };

/** Of the sources, not of `dist`, from where this runs. */
const benchFolder = fileURLToPath(new URL("../../", import.meta.url));
const projects = {
  origin: { folder: join(benchFolder, "origin-aspnet"), assembly: "BenchOrigin" },
  yarp: { folder: join(benchFolder, "proxy-yarp"), assembly: "BenchProxy" },
};

export type DotnetProject = keyof typeof projects;

export const dotnetAssemblies: Readonly<Record<DotnetProject, string>> = {
  origin: assemblyOf("origin"),
  yarp: assemblyOf("yarp"),
};

/** A Release build, unless the last one is newer than the sources. Returns why it cannot be had, in one line. */
export async function build(project: DotnetProject): Promise<string | undefined> {
  const { folder } = projects[project];
  const assembly = dotnetAssemblies[project];
  if (isUpToDate(folder, assembly)) return undefined;
  try {
    await run("dotnet", ["build", folder, "-c", "Release", "-v", "quiet", "-o", dirname(assembly)], {
      env: environment,
    });
    return undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "dotnet is not on the PATH";
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
    return output.split("\n").find((line) => line.includes("error")) ?? `dotnet build ${folder} failed`;
  }
}

function assemblyOf(project: DotnetProject): string {
  const { folder, assembly } = projects[project];
  return join(folder, "bin", "bench", `${assembly}.dll`);
}

function isUpToDate(folder: string, assembly: string): boolean {
  if (!existsSync(assembly)) return false;
  const builtAt = statSync(assembly).mtimeMs;
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /^(?!bin|obj).*\.(cs|csproj)$/.test(file))
    .every((file) => statSync(join(folder, file)).mtimeMs < builtAt);
}
