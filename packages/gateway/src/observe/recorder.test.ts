import { expect, test } from "vitest";
import { EventLoop } from "./event-loop.ts";
import { Metrics } from "./metrics.ts";
import { Recorder } from "./recorder.ts";
import { TurnLatency } from "./turn-latency.ts";

function createRecorder() {
  const metrics = new Metrics();
  const latency = new TurnLatency();
  const clock = { nowMs: 1000 };
  const recorder = new Recorder({ metrics, latency, eventLoop: new EventLoop(), now: () => clock.nowMs });
  return { metrics, latency, clock, recorder };
}

test("rates are per second of the time that has really passed, over all hubs", () => {
  const { metrics, clock, recorder } = createRecorder();
  metrics.hub("/a").savings.countUpstream(100);
  metrics.hub("/a").savings.countDirect(50, 100);
  metrics.hub("/b").savings.countUpstream(100);
  clock.nowMs += 2000;
  expect(recorder.sample()).toMatchObject({
    originMessages: 1,
    originBytes: 102,
    clientMessages: 25,
    clientBytes: 2550,
  });
  clock.nowMs += 1000;
  expect(recorder.sample()).toMatchObject({ originMessages: 0, originBytes: 0, clientMessages: 0, clientBytes: 0 });
});

test("gauges are as of now, counters since start", () => {
  const { metrics, clock, recorder } = createRecorder();
  const hub = metrics.hub("/a");
  hub.clientsByTransport.WebSockets = 3;
  hub.clientsByTransport.LongPolling = 1;
  hub.sharedUpstreams = 2;
  hub.privateUpstreams = 1;
  hub.gaps = 5;
  hub.dropped = 1;
  hub.conflated = 2;
  for (let second = 0; second < 2; second += 1) {
    clock.nowMs += 1000;
    expect(recorder.sample()).toMatchObject({ clients: 4, originConnections: 3, gaps: 5, dropped: 3 });
  }
});

test("latency is that of the last second", () => {
  const { latency, clock, recorder } = createRecorder();
  latency.add(2);
  clock.nowMs += 1000;
  expect(recorder.sample()).toMatchObject({ latencyMaxMs: 2 });
  clock.nowMs += 1000;
  expect(recorder.sample().latencyMaxMs).toBeNaN();
});
