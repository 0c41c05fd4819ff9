import { execFile } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { call } from "../child-calls.ts";
import { messagesOf, type Publication, type Published } from "../publication.ts";
import { type RoleProcess, readLine } from "../role-processes.ts";
import { hubPath } from "./bench-origin.ts";
import { collectableNode, collectNodeGarbage } from "./collectable-node.ts";
import type { Surroundings, System, SystemName } from "./system.ts";

/** The least that Node can do: a frame that is built once, and `socket.write` for each client. */
export function startFloor(surroundings: Surroundings): Promise<System> {
  return startNodeControl("floor", "floor-server.js", surroundings);
}

/** A `ws` server that accepts WebSockets and does nothing with them. */
export function startBareServer(surroundings: Surroundings): Promise<System> {
  return startNodeControl("bare", "bare-server.js", surroundings);
}

async function startNodeControl(
  name: SystemName,
  file: string,
  { roles, subjectCores }: Surroundings,
): Promise<System> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const subject = roles.start({
    name,
    command: process.execPath,
    args: [...collectableNode, script],
    cores: subjectCores,
    answersCalls: true,
  });
  const url = await readLine(subject, /^listening on (\S+)$/);
  return {
    ...controlOf(name, url, subject),
    publish: (publication) => call(subject.child, "publish", publication),
    collectGarbage: () => collectNodeGarbage(subject),
  };
}

/** The least that the kernel allows: a loop of `write` in C. One group, one message per tick. */
export async function startCFloor({ roles, folder, subjectCores }: Surroundings): Promise<System> {
  const subject = roles.start({ name: "c", command: cProgram(folder), args: [], cores: subjectCores });
  const url = await readLine(subject, /^listening on (\S+)$/);
  return {
    ...controlOf("c", url, subject),
    publish: (publication) => publishInC(Number(new URL(url).port), publication),
    collectGarbage: async () => undefined,
  };
}

/** Returns why it cannot be had, in one line. */
export async function buildCFloor(folder: string): Promise<string | undefined> {
  // The source stays where it is; this runs from `dist`.
  const source = fileURLToPath(new URL("../../systems/write-loop.c", import.meta.url));
  try {
    await promisify(execFile)("cc", ["-O2", "-o", cProgram(folder), source]);
    return undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "cc is not on the PATH";
    throw error;
  }
}

function cProgram(folder: string): string {
  return join(folder, "write-loop");
}

async function publishInC(port: number, publication: Publication): Promise<Published> {
  const { ticks, tickIntervalMs, fillerBytes, groups, messagesPerTick } = publication;
  if (groups !== 1 || messagesPerTick !== 1) throw new Error("the loop in C knows one group, one message per tick");
  const socket = connect(port, "127.0.0.1");
  socket.write(`PUBLISH ${ticks} ${Math.round(tickIntervalMs * 1000)} ${fillerBytes}\n`);
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once("data", (chunk) => resolve(chunk.toString()));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the loop in C ended")));
  });
  socket.destroy();
  return { messages: messagesOf(publication), latestMs: Number(answer) / 1000 };
}

function controlOf(name: SystemName, url: string, subject: RoleProcess): Omit<System, "publish" | "collectGarbage"> {
  return {
    name,
    url: `${url}${hubPath}`,
    subject,
    origin: undefined,
    negotiates: false,
    originState: async () => undefined,
  };
}
