import { expect, test } from "vitest";
import { History, type Sample, seriesNames } from "./history.ts";

function sampleAt(time: number): Sample {
  return Object.fromEntries(seriesNames.map((name) => [name, name === "time" ? time : time * 10])) as Sample;
}

test("a history that is not full has what there was, in order", () => {
  const history = new History(4);
  expect(history.columns().time).toEqual([]);
  for (const time of [1, 2, 3]) history.add(sampleAt(time));
  expect(history.columns().time).toEqual([1, 2, 3]);
  expect(history.columns().clients).toEqual([10, 20, 30]);
});

test("a full history has the newest samples, oldest first, wherever it is in its ring", () => {
  const history = new History(4);
  for (let time = 1; time <= 11; time += 1) {
    history.add(sampleAt(time));
    const first = Math.max(1, time - 3);
    expect(history.columns().time).toEqual([first, first + 1, first + 2, first + 3].filter((each) => each <= time));
  }
});

test("nothing measured is null where it is sent", () => {
  const history = new History(2);
  history.add({ ...sampleAt(1), latencyP50Ms: Number.NaN });
  expect(JSON.parse(JSON.stringify(history.columns())).latencyP50Ms).toEqual([null]);
});
