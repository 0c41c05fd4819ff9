import { expect, test } from "vitest";
import { InflationMeter } from "./inflation-meter.ts";

test("input may be many times what came, and single messages more", () => {
  const socket = { bytesRead: 100 };
  const meter = new InflationMeter(socket, 1000);
  expect(meter.take(1000 + 32 * 100)).toBe(true);
  expect(meter.take(1)).toBe(false);
});

test("what came later counts for what was inflated before", () => {
  const socket = { bytesRead: 0 };
  const meter = new InflationMeter(socket, 1000);
  expect(meter.take(1000)).toBe(true);
  socket.bytesRead = 100;
  expect(meter.take(3200)).toBe(true);
  expect(meter.take(1)).toBe(false);
});
