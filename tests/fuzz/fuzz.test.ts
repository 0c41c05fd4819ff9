import { randomInt } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { BlockCoverage } from "./block-coverage.ts";
import { readCorpus } from "./corpus.ts";
import { type Failure, Fuzzer } from "./fuzzer.ts";
import { Finding, type Target, texts } from "./target.ts";
import { targets } from "./targets/targets.ts";

const seed = randomInt(2 ** 31);
const sliceMs = 250;
const coverage = new BlockCoverage();
afterAll(() => coverage.stop());

function describeFailure({ input, error }: Failure): string {
  return `seed ${seed}, base64 ${input.toString("base64")}: ${error instanceof Error ? error.stack : String(error)}`;
}

describe.each(targets)("$name", (target) => {
  test("everything in the corpus is read or refused as it must be", async () => {
    for (const input of [...target.seeds, ...readCorpus(target.name)]) await target.run(input);
  });

  test("a slice of random inputs finds nothing", async () => {
    const fuzzer = new Fuzzer(target, readCorpus(target.name), coverage, seed);
    const failure = (await fuzzer.begin()) ?? (await fuzzer.runFor(sliceMs));
    expect(failure === undefined ? "" : describeFailure(failure)).toBe("");
    expect(fuzzer.executions).toBeGreaterThan(0);
  });
});

/** Refuses inputs with a certain token anywhere. */
const faulty: Target = {
  name: "faulty",
  maxBytes: 100,
  maxBatch: 1000,
  isAsync: false,
  seeds: texts("a plain text"),
  dictionary: texts("evil", "good"),
  run(input) {
    if (input.includes("evil")) throw new Finding("it is evil");
  },
  work: () => {},
  plain: () => Buffer.from("plain"),
};

test("a fault is found, made as small as it can be, and found again with the same seed", async () => {
  const find = () => new Fuzzer(faulty, [], coverage, 7).runFor(5000);
  const failure = await find();
  expect(failure?.input.toString()).toBe("evil");
  expect(failure?.error).toBeInstanceOf(Finding);
  expect(await find()).toEqual(failure);
});

test("an input that takes far too long for its size is a finding", async () => {
  const spin = (input: Buffer): void => {
    for (const until = performance.now() + (input.includes("evil") ? 5 : 0); performance.now() < until; );
  };
  const failure = await new Fuzzer({ ...faulty, run: spin, work: spin }, [], coverage, 7).runFor(5000);
  expect(String(failure?.error)).toMatch(/bytes took [\d.]+ ms, a plain input/);
});

test("an input that reaches code that no other reached joins the corpus", async () => {
  const [json] = targets;
  if (json === undefined) throw new Error("no targets");
  const fuzzer = new Fuzzer({ ...json, seeds: texts("{}\u001e") }, [], coverage, 7);
  // What the other tests reached is not new any more, so it is forgotten: the seed alone counts as known.
  coverage.forget();
  await fuzzer.begin();
  // One batch, however slow the machine is.
  await fuzzer.runFor(1);
  expect(fuzzer.found).toHaveLength(1);
  expect(fuzzer.executions).toBeGreaterThan(1000);
});
