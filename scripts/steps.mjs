// What `npm start` and `npm test` have in common. Plain JavaScript: it runs before anything is installed.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const minimumNode = [20, 19];
const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** Ends the process with a clear line if this Node is too old. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  console.error(`Node ${minimumNode.join(".")} or newer is needed; this is ${process.version}.`);
  process.exit(1);
}

/** Runs a command. Its output is shown, or with `quiet` only if it fails. Resolves to the exit code. */
export function run(command, args, { quiet = false, env = {} } = {}) {
  const child = spawn(command, args, {
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  const output = [];
  child.stdout?.on("data", (chunk) => output.push(chunk));
  child.stderr?.on("data", (chunk) => output.push(chunk));
  // A terminal sends Ctrl-C to both processes; whoever stops only this one means the other as well.
  const forward = (signal) => child.kill(signal);
  const ignore = () => {};
  process.on("SIGTERM", forward);
  process.on("SIGINT", ignore);
  return new Promise((resolve) => {
    const end = (code) => {
      process.off("SIGTERM", forward);
      process.off("SIGINT", ignore);
      if (quiet && code !== 0) process.stderr.write(Buffer.concat(output));
      resolve(code);
    };
    child.on("error", (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      end(1);
    });
    child.on("close", (code, signal) => end(signal === null ? (code ?? 1) : 1));
  });
}

/** pnpm at the pinned version, through npm, so that nothing but Node and npm has to be there. */
export function pnpm(args, options) {
  return run("npx", ["--yes", packageManager, ...args], options);
}

export function install() {
  return pnpm(["install", "--frozen-lockfile"], { quiet: true });
}
