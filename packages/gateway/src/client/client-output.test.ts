import { hubProtocols } from "@signalr-edge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import type { PassThrough } from "../aggregation/ports.ts";
import { SharedFrame } from "../aggregation/shared-frame.ts";
import { HubMetrics } from "../observe/metrics.ts";
import { ClientOutput } from "./client-output.ts";
import type { ClientTransport } from "./client-transport.ts";

const outboxMaxBytes = 100;
const limits = { outboxMaxBytes, resumeBufferMaxBytes: 1000, keepAliveIntervalMs: 15_000 };

/** A transport whose peer reads when it is told to. */
class HeldTransport implements ClientTransport {
  readonly name = "WebSockets";
  readonly transferFormats = ["Text"] as const;
  readonly hasInherentKeepAlive = false;
  readonly written: string[] = [];
  pendingBytes = 0;
  askedCount = 0;

  write({ bytes }: SharedFrame): number {
    this.written.push(bytes.toString());
    this.pendingBytes += bytes.length;
    return bytes.length;
  }

  tellWhenDrained(): void {
    this.askedCount += 1;
  }

  end(): void {}
  terminate(): void {}
  abandon(): void {}
  pauseReading(): void {}
  resumeReading(): void {}
  sweep(): boolean {
    return true;
  }
}

const upstream: PassThrough = {
  isAwaited: false,
  start() {},
  send() {},
  invoke() {},
  pause() {},
  resume() {},
  sweep() {},
  close() {},
};

describe("a client that is behind, with targets that say `conflate`", () => {
  const one = "one";
  const two = "two";
  let metrics: HubMetrics;
  let transport: HeldTransport;
  let output: ClientOutput;

  beforeEach(() => {
    metrics = new HubMetrics();
    transport = new HeldTransport();
    output = new ClientOutput(metrics, limits, 0);
    output.attach(transport, upstream);
    transport.pendingBytes = outboxMaxBytes;
  });

  function send(group: string, text: string): Buffer {
    const chunk = Buffer.from(text);
    output.sendCounted(
      new SharedFrame(hubProtocols.json, chunk, { kind: "conflate", target: "Changed", group }),
      false,
    );
    return chunk;
  }

  function read(): void {
    transport.pendingBytes = 0;
    output.setCongested(false);
  }

  test("gets the newest message of each group, in the order in which those came", () => {
    send(one, "one 1");
    send(two, "two 1");
    send(one, "one 2");
    expect(transport.written).toEqual([]);
    read();
    expect(transport.written).toEqual(["two 1", "one 2"]);
    expect(metrics.conflated).toBe(1);
  });

  test("gets no message that the framing of its transport would take over the bound", () => {
    transport.pendingBytes = outboxMaxBytes - "one 1".length - 2;
    send(one, "one 1");
    expect(transport.written).toEqual([]);
  });

  test("gets what it was sent, although the chunk that it came in is used again", () => {
    send(one, "one 1").fill(0);
    read();
    expect(transport.written).toEqual(["one 1"]);
  });

  test("is not asked in every turn whether it has read: the next sweep looks", () => {
    send(one, "one 1");
    expect(transport.askedCount).toBe(1);
    output.setCongested(false);
    output.setCongested(false);
    expect(transport.askedCount).toBe(1);
    transport.pendingBytes = 0;
    output.sweep(0);
    expect(transport.written).toEqual(["one 1"]);
  });

  test("gets what waits of a group before it is told anything else of it", () => {
    send(one, "one 1");
    send(two, "two 1");
    output.letGo(two);
    expect(transport.written).toEqual(["two 1"]);
    output.letGo(two);
    read();
    expect(transport.written).toEqual(["two 1", "one 1"]);
  });

  test("is behind no more when nothing waits of any group", () => {
    send(one, "one 1");
    output.letGo(one);
    transport.pendingBytes = 0;
    send(two, "two 1");
    expect(transport.written).toEqual(["one 1", "two 1"]);
  });
});
