import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { EventLoop } from "./event-loop.ts";

test("a turn that takes long shows as delay and as busy time, once", async () => {
  const loop = new EventLoop();
  loop.start();
  onTestFinished(() => loop.stop());
  await delay(50);
  loop.take();
  const blockedUntilMs = performance.now() + 150;
  while (performance.now() < blockedUntilMs);
  // Its timer is due by now and runs before this one.
  await once(AbortSignal.timeout(25), "abort");
  const { delayMs, busy } = loop.take();
  expect(delayMs).toBeGreaterThan(100);
  expect(busy).toBeGreaterThan(0.4);
  await once(AbortSignal.timeout(60), "abort");
  expect(loop.take().delayMs).toBeLessThan(delayMs);
});
