import { expect, test } from "vitest";
import { configureEdge, edgeSettings } from "./configure-edge.ts";

const routes = [{ from: "https://origin.example.com", to: "https://edge.example.com" }];

test("routes are enough: everybody uses the gateway, and the origin is the way back", () => {
  configureEdge({ routes });
  expect(edgeSettings()).toMatchObject({
    inRollout: true,
    fallback: "origin",
    answerTimeoutMs: 5000,
    fallbackSpreadMs: 5000,
    rejoin: [],
  });
});

test("the device id decides about the roll-out, always in the same way", () => {
  const isIn = (deviceId: string, rollout: number): boolean | undefined => {
    configureEdge({ routes, deviceId, rollout });
    return edgeSettings()?.inRollout;
  };
  const devices = Array.from({ length: 200 }, (_, index) => `device ${index}`);
  const chosen = devices.filter((device) => isIn(device, 0.5));
  expect(chosen.length).toBeGreaterThan(60);
  expect(chosen.length).toBeLessThan(140);
  expect(devices.filter((device) => isIn(device, 0.5))).toEqual(chosen);
  expect(devices.filter((device) => isIn(device, 0))).toEqual([]);
  expect(devices.filter((device) => isIn(device, 1))).toEqual(devices);
});

test("without a device id, a process takes part or does not, however often it is configured", () => {
  const verdicts = Array.from({ length: 20 }, () => {
    configureEdge({ routes, rollout: 0.5 });
    return edgeSettings()?.inRollout;
  });
  expect(new Set(verdicts).size).toBe(1);
});

test("methods to rejoin are named alone or with the method that undoes them", () => {
  configureEdge({ routes, rejoin: ["Watch", { method: "Subscribe", undo: "Unsubscribe" }] });
  expect(edgeSettings()?.rejoin).toEqual([
    { method: "Watch", undo: undefined },
    { method: "Subscribe", undo: "Unsubscribe" },
  ]);
});

const wrong: readonly (readonly [options: object, message: string])[] = [
  [{}, "routes is missing"],
  [{ routes: [{ from: "a" }] }, 'routes[0].from: "a" is not an http(s) URL'],
  [{ routes, rollOut: 0.1 }, "there is no option rollOut"],
  [{ routes, toString: 1 }, "there is no option toString"],
  [{ routes, rollout: 10 }, "rollout is 10; must be a number from 0 to 1"],
  [{ routes, rollout: Number.NaN }, "rollout is NaN"],
  [{ routes, rollout: "0.5" }, "rollout is 0.5; must be a number from 0 to 1"],
  [{ routes, fallback: "never" }, 'fallback is "never"; must be "origin" or "none"'],
  [{ routes, deviceId: "" }, 'deviceId is ""; must be a text'],
  [{ routes, deviceId: 5 }, "deviceId is 5; must be a text"],
  [{ routes, answerTimeoutMs: 0 }, "answerTimeoutMs is 0; must be 1 or more milliseconds"],
  [{ routes, fallbackSpreadMs: -1 }, "fallbackSpreadMs is -1; must be 0 or more milliseconds"],
  [{ routes, rejoin: [""] }, "rejoin[0] names no hub method"],
  [{ routes, rejoin: ["A", { method: "B", undo: "" }] }, "rejoin[1].undo is no hub method"],
];

for (const [options, message] of wrong) {
  test(`an option that is wrong is refused and changes nothing: ${message}`, () => {
    configureEdge({ routes });
    const before = edgeSettings();
    expect(() => Reflect.apply(configureEdge, undefined, [options])).toThrow(message);
    expect(edgeSettings()).toBe(before);
  });
}
