import { describe, expect, test } from "vitest";
import { type DemoResult, succeeded } from "./demo-result.ts";
import { DemoScreen } from "./demo-screen.ts";
import { type DemoStatus, statusBlock, statusLine, summary } from "./demo-texts.ts";

const good: DemoResult = {
  clients: 500,
  groups: 40,
  originConnections: 2,
  clientConnections: 500,
  originMessages: 12_000,
  originBytes: 4_000_000,
  deliveries: 600_000,
  clientBytes: 200_000_000,
  lost: 0,
  duplicated: 0,
  reordered: 0,
  misrouted: 0,
  failures: 0,
  unexpectedEnds: 0,
  latencyMs: { p50: 0.91, p99: 4.2, max: 12.34 },
  seconds: 15,
};

const status: DemoStatus = {
  result: good,
  watching: 499,
  subscriptions: 2_746,
  originMessagesPerSecond: 800,
  deliveriesPerSecond: 40_000,
  gatewayUrl: "http://127.0.0.1:8080/hubs/odds",
  adminUrl: "http://127.0.0.1:9090/",
  secondsPlanned: 15,
};

/** A standard stream that keeps what is written. */
function output(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  return { written, isTTY, columns, write: (text: string) => written.push(text) };
}

describe("a result", () => {
  test("without errors is a success, in one sentence with the factors", () => {
    expect(succeeded(good)).toBe(true);
    expect(summary(good, undefined)).toBe(
      "500 clients, 2 hub connections: the origin sent 12,000 messages, clients received 600,000, every one checked: " +
        "50x fewer messages and 250x fewer connections at the origin, nothing lost, duplicated, reordered or misrouted.",
    );
  });

  test.each(["lost", "duplicated", "reordered", "misrouted", "failures", "unexpectedEnds"] as const)(
    "with anything %s is a failure that says so",
    (kind) => {
      const bad = { ...good, [kind]: 3 };
      expect(succeeded(bad)).toBe(false);
      expect(summary(bad, "closed by the server")).toMatch(/^FAILED: .*3 .*\(first: closed by the server\)/);
    },
  );

  test("without deliveries is a failure", () => {
    const silent = { ...good, deliveries: 0 };
    expect(succeeded(silent)).toBe(false);
    expect(summary(silent, undefined)).toBe("FAILED: nothing was delivered.");
  });
});

test("the block of a terminal says where the dashboard is", () => {
  expect(statusBlock(status).at(-1)).toBe(
    "  gateway http://127.0.0.1:8080/hubs/odds   dashboard http://127.0.0.1:9090/",
  );
});

describe("the screen", () => {
  test("redraws the block in place on a terminal, without wrapping", () => {
    const terminal = output(true, 40);
    const screen = new DemoScreen(terminal);
    screen.show(status);
    screen.show(status);
    const lineCount = statusBlock(status).length;
    expect(terminal.written[0]).not.toContain("\u001b[A");
    expect(terminal.written[1]?.startsWith(`\u001b[${lineCount}A`)).toBe(true);
    for (const line of terminal.written[1]?.split("\n") ?? []) {
      expect(line.replace(`\u001b[${lineCount}A`, "").replace("\u001b[2K", "").length).toBeLessThan(40);
    }
  });

  test("begins a new block below what was printed", () => {
    const terminal = output(true, 80);
    const screen = new DemoScreen(terminal);
    screen.show(status);
    screen.print("done");
    screen.show(status);
    expect(terminal.written[2]?.startsWith("\u001b[2K")).toBe(true);
  });

  test("writes a line per turn where there is no terminal", () => {
    const file = output(false);
    new DemoScreen(file).show(status);
    expect(file.written).toEqual([`${statusLine(status)}\n`]);
    expect(statusLine(status)).toBe(
      "15 s: 499 clients over 2 hub connections; 800 messages/s from the origin, 40,000 deliveries/s; " +
        "latency p50 0.9 ms, p99 4.2 ms, max 12.3 ms; 0 lost, 0 duplicated, 0 reordered, 0 misrouted",
    );
  });
});
