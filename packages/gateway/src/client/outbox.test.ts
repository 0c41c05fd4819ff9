import { once } from "node:events";
import { Writable } from "node:stream";
import { setImmediate as endOfTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Outbox, type OutboxLimits, type OutboxListener } from "./outbox.ts";
import { Pace } from "./pace.ts";
import { openSocketPair, type SocketPair } from "./socket-pair.testing.ts";
import { Turn } from "./turn.ts";

const limits: OutboxLimits = { outboxMaxBytes: 256 * 1024, outboxMaxAgeMs: 10_000 };
/** More than the kernel takes for a peer that does not read. */
const hugeBytes = 32 * 1024 * 1024;

class Verdicts implements OutboxListener {
  readonly seen: string[] = [];
  #waiting: (() => void) | undefined;

  congested(): void {
    this.#see("congested");
  }

  drained(): void {
    this.#see("drained");
  }

  overflowed(): void {
    this.#see("overflowed");
  }

  async until(verdict: string): Promise<void> {
    while (!this.seen.includes(verdict)) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  #see(verdict: string): void {
    this.seen.push(verdict);
    this.#waiting?.();
  }
}

describe("over a socket", () => {
  let pair: SocketPair;
  let verdicts: Verdicts;
  let outbox: Outbox;

  beforeEach(async () => {
    pair = await openSocketPair();
    verdicts = new Verdicts();
    outbox = new Outbox(pair.near, new Pace(new Turn(), 0), limits, verdicts);
  });

  afterEach(() => pair.close());

  async function nextChunk(): Promise<string> {
    const [chunk] = (await once(pair.far.resume(), "data")) as [Buffer];
    return chunk.toString();
  }

  test("all frames of a turn arrive in one piece, in order", async () => {
    for (let frame = 0; frame < 100; frame += 1) outbox.write(Buffer.from(`<${frame}>`), false);
    expect(pair.near.writableCorked).toBe(1);
    const expected = Array.from({ length: 100 }, (_, frame) => `<${frame}>`).join("");
    expect(await nextChunk()).toBe(expected);
    expect(pair.near.writableCorked).toBe(0);
  });

  test("each turn is written at its own end", async () => {
    outbox.write(Buffer.from("first"), false);
    expect(await nextChunk()).toBe("first");
    outbox.write(Buffer.from("second"), false);
    expect(await nextChunk()).toBe("second");
    expect(verdicts.seen).toEqual([]);
  });

  test("with an interval, group messages wait for it in order, and an answer takes them along at the end of its turn", async () => {
    outbox = new Outbox(pair.near, new Pace(new Turn(), 60_000), limits, verdicts);
    onTestFinished(() => outbox.end());
    outbox.write(Buffer.from("group,"), false);
    await endOfTurn();
    outbox.write(Buffer.from("group,"), false);
    await endOfTurn();
    expect(pair.near.writableLength).toBe(12);
    outbox.write(Buffer.from("answer,"), true);
    outbox.write(Buffer.from("group"), false);
    expect(await nextChunk()).toBe("group,group,answer,group");
  });

  test("more unread bytes than the bound is an overflow, at the end of the turn and not before", async () => {
    writeMany(outbox);
    expect(verdicts.seen).toEqual([]);
    await endOfTurn();
    expect(verdicts.seen).toEqual(["overflowed"]);
  });

  test("one message that meets an empty outbox may be larger than the bound, what comes behind it may not", async () => {
    outbox.write(Buffer.alloc(hugeBytes), false);
    await endOfTurn();
    expect(verdicts.seen).toEqual(["congested"]);
    outbox.write(Buffer.alloc(limits.outboxMaxBytes + 1), false);
    await endOfTurn();
    expect(verdicts.seen).toEqual(["congested", "overflowed"]);
  });

  test("bytes that the client asked for do not count against the bound: their source is paused until they are read", async () => {
    outbox.write(Buffer.alloc(hugeBytes), true);
    await endOfTurn();
    expect(verdicts.seen).toEqual(["congested"]);
    pair.far.resume();
    await verdicts.until("drained");
    expect(verdicts.seen).toEqual(["congested", "drained"]);
  });

  test("group messages on top of owed bytes are bounded as ever", async () => {
    outbox.write(Buffer.alloc(hugeBytes), true);
    await endOfTurn();
    outbox.write(Buffer.alloc(limits.outboxMaxBytes - 1), false);
    await endOfTurn();
    expect(verdicts.seen).toEqual(["congested"]);
    outbox.write(Buffer.alloc(2), false);
    await endOfTurn();
    expect(verdicts.seen).toEqual(["congested", "overflowed"]);
  });

  test("after owed bytes were read the bound holds again", async () => {
    outbox.write(Buffer.alloc(hugeBytes), true);
    await endOfTurn();
    pair.far.resume();
    await verdicts.until("drained");
    pair.far.pause();
    writeMany(outbox);
    await endOfTurn();
    expect(verdicts.seen.at(-1)).toBe("overflowed");
  });

  test("the end lets go what was written and takes nothing more", async () => {
    outbox.write(Buffer.from("last"), false);
    outbox.end();
    expect(pair.near.writableCorked).toBe(0);
    outbox.write(Buffer.from("too late"), false);
    pair.near.end();
    const chunks: Buffer[] = [];
    pair.far.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(pair.far.resume(), "end");
    expect(Buffer.concat(chunks).toString()).toBe("last");
  });
});

/** More than the kernel takes, in messages that are each within the bound. */
function writeMany(outbox: Outbox): void {
  const message = Buffer.alloc(limits.outboxMaxBytes);
  for (let bytes = 0; bytes < hugeBytes; bytes += message.length) outbox.write(message, false);
}

/** A sink whose peer reads exactly as many frames as it is told to. */
class HeldSink extends Writable {
  #done: (() => void) | undefined;

  override _write(_frame: Buffer, _encoding: string, done: () => void): void {
    this.#done = done;
  }

  read(frameCount: number): void {
    for (let left = frameCount; left > 0; left -= 1) this.#done?.();
  }
}

describe("the age of what waits", () => {
  const startMs = 5_000_000;
  let sink: HeldSink;
  let outbox: Outbox;

  beforeEach(() => {
    sink = new HeldSink();
    outbox = new Outbox(sink, new Pace(new Turn(), 0), limits, new Verdicts());
  });

  function write(frameCount: number, owed = false): void {
    for (let left = frameCount; left > 0; left -= 1) outbox.write(Buffer.alloc(100), owed);
    outbox.flush();
  }

  /** What `isMoving` says second by second. */
  function check(seconds: number, eachSecond: () => void = () => undefined): readonly boolean[] {
    return Array.from({ length: seconds }, (_, second) => {
      eachSecond();
      return outbox.isMoving(startMs + second * 1000);
    });
  }

  test("a client that reads nothing is moving until the longest time is over", () => {
    write(10);
    const verdicts = check(15);
    expect(verdicts.slice(0, 11)).not.toContain(false);
    expect(verdicts[12]).toBe(false);
  });

  test("a client with nothing to read is moving for ever", () => {
    expect(check(100)).not.toContain(false);
  });

  test("bytes that begin to wait late do not count from the start of the connection", () => {
    check(100);
    write(10);
    expect(outbox.isMoving(startMs + 100_000)).toBe(true);
    expect(outbox.isMoving(startMs + 101_000)).toBe(true);
  });

  test("a client that reads slowly is moving", () => {
    write(100);
    expect(check(60, () => sink.read(1))).not.toContain(false);
  });

  test("a client that reads as much as it is sent is moving, although its backlog never shrinks", () => {
    write(100);
    const verdicts = check(60, () => {
      write(10);
      sink.read(10);
    });
    expect(verdicts).not.toContain(false);
  });

  test("a client that reads less than it is sent is moving: the bound of bytes will tell", () => {
    write(100);
    const verdicts = check(60, () => {
      write(10);
      sink.read(5);
    });
    expect(verdicts).not.toContain(false);
  });

  test("a client that is sent more and more and reads nothing is not moving", () => {
    write(10);
    expect(check(15, () => write(1))).toContain(false);
  });

  test("one read starts the time anew", () => {
    write(10);
    check(10);
    sink.read(1);
    const later = Array.from({ length: 13 }, (_, second) => outbox.isMoving(startMs + 10_000 + second * 1000));
    expect(later.slice(0, 11)).not.toContain(false);
    // Looked at once a second, the begin of the silence is known to a second.
    expect(later[12]).toBe(false);
  });

  test("what was owed and has been read excuses nothing that comes after it", () => {
    const verdicts = new Verdicts();
    outbox = new Outbox(sink, new Pace(new Turn(), 0), limits, verdicts);
    write(1, true);
    sink.read(1);
    write(limits.outboxMaxBytes / 100);
    expect(verdicts.seen).toEqual(["overflowed"]);
  });

  test("owed bytes over the bound may take as long as they take", () => {
    write(limits.outboxMaxBytes / 50, true);
    expect(check(60)).not.toContain(false);
  });
});
