import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { handshakeSuccess, hubProtocols, MessageType } from "@signalr-edge/protocol";
import { answerCalls } from "../child-calls.ts";
import { groupKey, type Publication, type Published } from "../publication.ts";
import { serverFrame } from "../websocket-frames.ts";

/**
 * The floor: what it costs Node to write to each client once, with nothing around it. It answers upgrade, handshake and
 * join so that the same clients can use it, JSON only. Several messages of one tick leave in one `writev` per client.
 */
const { json } = hubProtocols;
const timerResolutionMs = 2;
const members = new Map<string, Set<Socket>>();
const sequences = new Map<string, number>();

const server = createServer({ noDelay: true }, (socket) => {
  let isUpgraded = false;
  socket.on("data", (chunk) => {
    if (isUpgraded) return receive(socket, chunk);
    isUpgraded = true;
    // Clients of the bench do not look at the accept key.
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  });
  socket.on("close", () => forget(socket));
  // "close" follows.
  socket.on("error", () => undefined);
});

/** Handshake and join come alone in a chunk, since these clients wait for each answer. Anything else is pings. */
function receive(socket: Socket, chunk: Buffer): void {
  const unmasked = chunk.subarray(chunk.indexOf("{"));
  if (unmasked.includes('"protocol"')) return void socket.write(serverFrame(handshakeSuccess, false));
  if (!unmasked.includes('"Join"')) return;
  const message = json.parse(unmasked);
  if (message?.type !== MessageType.Invocation || message.invocationId === undefined) return;
  for (const key of message.arguments[0] as string[]) join(key, socket);
  socket.write(serverFrame(json.writeCompletion(message.invocationId, { kind: "void" }), false));
}

function join(key: string, socket: Socket): void {
  const group = members.get(key) ?? new Set();
  members.set(key, group.add(socket));
}

function forget(socket: Socket): void {
  for (const group of members.values()) group.delete(socket);
}

async function publish(publication: Publication): Promise<Published> {
  const { ticks, tickIntervalMs, messagesPerTick } = publication;
  const filler = "x".repeat(publication.fillerBytes);
  const startedAt = performance.now();
  const startedAtUnixMs = startedAt + unixOffsetMs();
  let messages = 0;
  let latestMs = 0;
  for (let tick = 0; tick < ticks; tick += 1) {
    const dueMs = tick * tickIntervalMs;
    const leftMs = dueMs - (performance.now() - startedAt);
    if (leftMs > 0) await wait(leftMs);
    const lateMs = Math.max(0, performance.now() - startedAt - dueMs);
    latestMs = Math.max(latestMs, lateMs);
    const sentAtMs = startedAtUnixMs + dueMs + (lateMs <= timerResolutionMs ? lateMs : 0);
    const frames = Array.from({ length: messagesPerTick }, () => {
      const key = groupKey(messages % publication.groups);
      messages += 1;
      return { key, frame: frameOf(key, sentAtMs, filler) };
    });
    send(frames);
  }
  return { messages, latestMs };
}

function send(frames: readonly { readonly key: string; readonly frame: Buffer }[]): void {
  if (frames.length === 1) {
    for (const { key, frame } of frames) for (const socket of members.get(key) ?? []) socket.write(frame);
    return;
  }
  const corked = new Set<Socket>();
  for (const { key, frame } of frames) {
    for (const socket of members.get(key) ?? []) {
      if (!corked.has(socket)) {
        socket.cork();
        corked.add(socket);
      }
      socket.write(frame);
    }
  }
  for (const socket of corked) socket.uncork();
}

function frameOf(key: string, sentAtMs: number, filler: string): Buffer {
  const sequence = (sequences.get(key) ?? 0) + 1;
  sequences.set(key, sequence);
  const sentAt = Math.round(sentAtMs * 1000);
  const message = json.write({
    type: MessageType.Invocation,
    target: "Tick",
    arguments: [{ key, sequence, sentAt, filler }],
  });
  return serverFrame(message, false);
}

/** The wall clock is exact when it steps. */
function unixOffsetMs(): number {
  const before = Date.now();
  for (;;) {
    const now = Date.now();
    if (now !== before) return now - performance.now();
  }
}

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
await once(server, "listening");
const address = server.address();
if (typeof address === "string" || address === null) throw new Error("there is no port");
answerCalls({ publish });
console.log(`listening on http://127.0.0.1:${address.port}`);
