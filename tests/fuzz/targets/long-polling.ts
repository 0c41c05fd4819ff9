import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { hubProtocols } from "@signalr-edge/protocol";
import { SharedFrame } from "../../../packages/gateway/src/aggregation/shared-frame.ts";
import { LongPollingTransport } from "../../../packages/gateway/src/client/long-polling-transport.ts";
import { Pace } from "../../../packages/gateway/src/client/pace.ts";
import { Turn } from "../../../packages/gateway/src/client/turn.ts";
import { Finding, type Target } from "../target.ts";

const request = new IncomingMessage(new Socket());
request.method = "GET";

/** A poll that keeps what it is answered. */
class Poll extends ServerResponse {
  /** The client broke it off. */
  isGone = false;
  readonly answers: { readonly status: number; readonly body: string }[] = [];

  constructor() {
    super(request);
  }

  override writeHead(status: number, headers?: unknown): this {
    return super.writeHead(status, headers as OutgoingHttpHeaders);
  }

  override end(body?: unknown): this {
    this.answers.push({ status: this.statusCode, body: Buffer.isBuffer(body) ? body.toString() : "" });
    return super.end();
  }
}

/** Flushes when told to. */
class ManualTurn extends Turn {
  readonly #flushables = new Set<{ flush(): void }>();

  override flushAtEnd(flushable: { flush(): void }): void {
    this.#flushables.add(flushable);
  }

  end(): void {
    for (const flushable of [...this.#flushables]) {
      this.#flushables.delete(flushable);
      flushable.flush();
    }
  }
}

const limits = { outboxMaxBytes: 1_000_000, disconnectTimeoutMs: 15_000, pollTimeoutMs: 90_000 };

/** A byte is an operation: polls, writes, time, and the ends. Every message arrives once and in order, every poll ends once. */
export const longPollingTarget: Target = {
  name: "long-polling",
  maxBytes: 200,
  maxBatch: 8000,
  isAsync: false,
  seeds: [Buffer.from("pwfpwwfpsp"), Buffer.from("wfppefpp"), Buffer.from("ppwfdp"), Buffer.from("pwft")],
  dictionary: ["p", "w", "f", "wf", "s", "e", "d", "t", "b", "pp"].map((text) => Buffer.from(text)),
  run: (input) => runOperations(input),
  work: (input) => runOperations(input),
  plain: (byteCount) => Buffer.alloc(byteCount, "pwf"),
};

function runOperations(operations: Buffer): void {
  const turn = new ManualTurn();
  let nowMs = 0;
  let endCount = 0;
  const listener = {
    controlReceived: () => {},
    received: () => {},
    ended: () => {
      endCount += 1;
    },
    congested: () => {},
    drained: () => {},
    overflowed: () => {},
    broken: (error: unknown) => {
      throw new Finding("a fault in the transport", { cause: error });
    },
  };
  const polls = [new Poll()];
  const [first] = polls;
  if (first === undefined) return;
  const transport = new LongPollingTransport(first, new Pace(turn, 0), limits, listener, () => nowMs);
  let written = 0;
  let isEnding = false;
  for (const operation of operations) {
    switch (String.fromCharCode(operation)) {
      case "p": {
        const poll = new Poll();
        polls.push(poll);
        transport.poll(poll);
        break;
      }
      case "w":
        if (isEnding || endCount > 0) break;
        transport.write(new SharedFrame(hubProtocols.json, Buffer.from(`${written};`)), false);
        written += 1;
        break;
      case "f":
        turn.end();
        break;
      case "s":
        nowMs += 1000;
        transport.sweep(nowMs);
        break;
      case "b":
        breakOff(polls.at(-1));
        break;
      case "e":
        turn.end();
        transport.end();
        isEnding = true;
        break;
      case "d":
        transport.delete();
        break;
      case "t":
        transport.terminate();
        break;
    }
  }
  turn.end();
  checkPolls(polls, written, endCount);
}

function breakOff(poll: Poll | undefined): void {
  if (poll === undefined) return;
  poll.isGone = true;
  poll.emit("close");
}

function checkPolls(polls: readonly Poll[], written: number, endCount: number): void {
  if (endCount > 1) throw new Finding(`the end was told ${endCount} times`);
  for (const { answers } of polls) {
    if (answers.length > 1) throw new Finding(`a poll has ${answers.length} answers`);
  }
  const arrived = polls.flatMap(({ answers }) => answers.flatMap(({ body }) => body.split(";").slice(0, -1)));
  if (arrived.some((text, index) => text !== String(index))) throw new Finding(`arrived: ${arrived.join(" ")}`);
  if (arrived.length > written) throw new Finding("more arrived than was written");
  const open = polls.filter(({ answers, isGone }) => answers.length === 0 && !isGone).length;
  if (endCount === 1 && open > 0) throw new Finding(`${open} polls are open after the end`);
}
