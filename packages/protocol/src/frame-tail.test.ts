import { expect, test } from "vitest";
import { FrameTail } from "./frame-tail.ts";

test("pieces come back as one, and the tail is empty afterwards", () => {
  const tail = new FrameTail();
  tail.append(Buffer.from("ab"));
  tail.append(Buffer.from("c"));
  expect(tail.length).toBe(3);
  expect(tail.content.toString()).toBe("abc");
  expect(tail.take().toString()).toBe("abc");
  expect(tail.length).toBe(0);
  expect(tail.take()).toHaveLength(0);
});

test("a piece is copied", () => {
  const tail = new FrameTail();
  const piece = Buffer.from("ab");
  tail.append(piece);
  piece.fill(0);
  expect(tail.take().toString()).toBe("ab");
});

test("single bytes move the content a few times only, so that a slow peer costs linear work", () => {
  const tail = new FrameTail();
  let moves = 0;
  let place = tail.content.byteOffset;
  let memory = tail.content.buffer;
  for (let count = 0; count < 1_000_000; count += 1) {
    tail.append(Uint8Array.of(count & 0xff));
    const { buffer, byteOffset } = tail.content;
    if (buffer !== memory || byteOffset !== place) moves += 1;
    memory = buffer;
    place = byteOffset;
  }
  expect(tail.length).toBe(1_000_000);
  expect(tail.content[999_999]).toBe(999_999 & 0xff);
  expect(moves).toBeLessThan(20);
});
