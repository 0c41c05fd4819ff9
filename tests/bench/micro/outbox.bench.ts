import { Writable } from "node:stream";
import { bench, describe } from "vitest";
import { Outbox } from "../../../packages/gateway/src/client/outbox.ts";
import { Pace } from "../../../packages/gateway/src/client/pace.ts";
import { Turn } from "../../../packages/gateway/src/client/turn.ts";

/** What the outbox adds to the stream below it, which takes everything and does nothing. */
class NullSink extends Writable {
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  override _writev(_chunks: unknown, done: () => void): void {
    done();
  }
}

const frame = Buffer.alloc(300);
const limits = { outboxMaxBytes: 262_144, outboxMaxAgeMs: 10_000 };
const listener = { congested() {}, drained() {}, overflowed() {} };

describe.each([1, 16])("%i frames in a turn", (count) => {
  const outbox = new Outbox(new NullSink(), new Pace(new Turn(), 0), limits, listener);
  const sink = new NullSink();

  bench("outbox", () => {
    for (let written = 0; written < count; written += 1) outbox.write(frame, false);
    outbox.flush();
  });

  bench("control: cork, write, uncork", () => {
    sink.cork();
    for (let written = 0; written < count; written += 1) sink.write(frame);
    sink.uncork();
  });
});
