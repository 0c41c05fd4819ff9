import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A proxy from the distribution with a configuration of ours, in a process of its own. */
export class FrontProxy {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#process = process;
    this.#folder = folder;
  }

  /** `configure` gets a free port and a folder for files, and returns the configuration. */
  static async start(
    command: string,
    argumentsFor: (file: string, folder: string) => readonly string[],
    configure: (port: number, folder: string) => string,
  ): Promise<FrontProxy> {
    const folder = mkdtempSync(join(tmpdir(), "signalr-edge-front-"));
    const port = await freePort();
    const file = join(folder, "front.conf");
    writeFileSync(file, configure(port, folder));
    const child = spawn(command, argumentsFor(file, folder), { stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const ended = once(child, "close").then(() => {
      throw new Error(`${command} ended:\n${output}`);
    });
    await Promise.race([listening(port), ended]);
    ended.catch(() => {});
    return new FrontProxy(port, child, folder);
  }

  async stop(): Promise<void> {
    const closed = once(this.#process, "close");
    this.#process.kill("SIGTERM");
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Whether the command is there. */
export function isInstalled(command: string): boolean {
  return spawnSync(command, ["-v"]).status === 0;
}

/** What the command says of the configuration; "" if it has nothing to complain of. */
export function complaintsOf(command: string, args: readonly string[]): string {
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
