import { PassThrough } from "node:stream";
import { setImmediate as endOfTurn } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { PostedInput } from "./posted-input.ts";

let received: string;
let input: PostedInput;

beforeEach(() => {
  received = "";
  input = new PostedInput((chunk) => {
    received += chunk.toString();
  });
});

async function* body(...chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

test("bodies are taken in the order in which the requests came, each whole before the next", async () => {
  const slow = new PassThrough();
  const first = input.take(slow);
  const second = input.take(body("c", "d"));
  await endOfTurn();
  expect(received).toBe("");
  slow.write("a");
  await endOfTurn();
  slow.end("b");
  await Promise.all([first, second]);
  expect(received).toBe("abcd");
});

test("a body that breaks off fails its own request; the next one goes on", async () => {
  const broken = new PassThrough();
  const first = input.take(broken);
  const second = input.take(body("b"));
  broken.write("a");
  await endOfTurn();
  broken.destroy(new Error("reset"));
  await expect(first).rejects.toThrow("reset");
  await second;
  expect(received).toBe("ab");
});

test("while the hub does not read, nothing is taken and the request stays unanswered", async () => {
  input.pause();
  let isTaken = false;
  const taken = input.take(body("a", "b")).then(() => {
    isTaken = true;
  });
  await endOfTurn();
  expect([received, isTaken]).toEqual(["", false]);
  input.resume();
  await taken;
  expect(received).toBe("ab");
});

test("a pause within a body holds what follows", async () => {
  const stream = new PassThrough();
  const taken = input.take(stream);
  stream.write("a");
  await endOfTurn();
  input.pause();
  stream.end("b");
  await endOfTurn();
  expect(received).toBe("a");
  input.resume();
  await taken;
  expect(received).toBe("ab");
});

test("after the end bodies are read and thrown away, those that waited, too", async () => {
  input.pause();
  const waiting = input.take(body("a"));
  await endOfTurn();
  input.end();
  await waiting;
  input.pause();
  await input.take(body("b"));
  expect(received).toBe("");
});
