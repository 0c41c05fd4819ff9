import type { HubRules } from "../config/hub-rules.ts";

/** Clients whose partition keys differ never share an upstream. */
export type PartitionKey = string & { readonly __brand: "PartitionKey" };

/** The part of a client's request that its shared upstream repeats towards the origin. */
export interface Partition {
  readonly key: PartitionKey;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, string])[];
}

/** What a partition may be made from. */
export interface PartitionInput {
  /** Last value of a query parameter (names in any case, as in ASP.NET Core); `undefined` if absent. */
  query(name: string): string | undefined;
  header(name: string): string | undefined;
}

/** Everybody, without `partitionBy`. */
const onePartition: Partition = { key: "" as PartitionKey, query: [], headers: [] };

/** Pure. An absent value differs from every present one, the empty one included. */
export function partitionOf(rules: HubRules, input: PartitionInput): Partition {
  if (rules.partitionBy.length === 0) return onePartition; // the same object for every client
  const query: [string, string][] = [];
  const headers: [string, string][] = [];
  let key = "";
  for (const { kind, name } of rules.partitionBy) {
    const value = kind === "query" ? input.query(name) : input.header(name);
    key += value === undefined ? "-," : `${value.length}:${value},`;
    if (value !== undefined) (kind === "query" ? query : headers).push([name, value]);
  }
  return { key: key as PartitionKey, query, headers };
}
