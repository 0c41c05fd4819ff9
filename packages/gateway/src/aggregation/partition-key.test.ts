import { expect, test } from "vitest";
import { rulesOf } from "./compiled-rules.testing.ts";
import { type Partition, type PartitionInput, partitionOf } from "./partition-key.ts";

const group = {
  name: "event",
  join: { method: "Subscribe", key: "{0}" },
  messages: [{ target: "Changed", key: "{0}" }],
};
const rules = rulesOf([group], { partitionBy: ["query.market", "header.X-Brand"] });

function partition(query: Record<string, string>, headers: Record<string, string> = {}): Partition {
  const input: PartitionInput = { query: (name) => query[name], header: (name) => headers[name] };
  return partitionOf(rules, input);
}

test("a partition carries what its upstream repeats towards the origin", () => {
  expect(partition({ market: "uk", other: "x" }, { "x-brand": "blue", cookie: "secret" })).toMatchObject({
    query: [["market", "uk"]],
    headers: [["x-brand", "blue"]],
  });
});

test("the same values make the same key, whatever else the request has", () => {
  expect(partition({ market: "uk", id: "1" }).key).toBe(partition({ market: "uk", id: "2" }).key);
});

test("different values make different keys, however they are cut", () => {
  const keys = [
    partition({}),
    partition({ market: "" }),
    partition({ market: "uk" }),
    partition({ market: "u" }, { "x-brand": "k" }),
    partition({}, { "x-brand": "uk" }),
    partition({ market: "uk,-," }),
    partition({ market: "2:uk," }, { "x-brand": "" }),
    partition({ market: "-" }),
  ].map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test("an absent value is not sent to the origin, an empty one is", () => {
  expect(partition({ market: "" })).toMatchObject({ query: [["market", ""]], headers: [] });
  expect(partition({}).query).toEqual([]);
});

test("without partitionBy all clients are in one partition", () => {
  const input = (market: string): PartitionInput => ({ query: () => market, header: () => market });
  const plain = rulesOf([group]);
  expect(partitionOf(plain, input("uk"))).toEqual(partitionOf(plain, input("de")));
});
