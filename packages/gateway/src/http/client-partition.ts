import type { IncomingMessage } from "node:http";
import { type Partition, type PartitionKey, partitionOf } from "../aggregation/partition-key.ts";
import type { Identity } from "../identity.ts";
import type { Admission } from "./admission.ts";
import { queryValue } from "./hub-path.ts";

/**
 * The partition of a client. Claims only keep clients apart: unlike queries and headers they are not repeated towards the
 * origin, which would have no way to believe them.
 */
export function clientPartition(
  { runtime, partitionClaims }: Admission,
  { headers }: IncomingMessage,
  query: string,
  identity: Identity | undefined,
): Partition {
  const partition = partitionOf(runtime.rules, {
    query: (name) => queryValue(query, name),
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  });
  if (partitionClaims.length === 0) return partition;
  return { ...partition, key: (partition.key + claimKey(partitionClaims, identity)) as PartitionKey };
}

/** In the way of `partitionOf`: no two lists of values have the same key. */
export function claimKey(names: readonly string[], identity: Identity | undefined): string {
  const claims = identity?.claims ?? {};
  return names
    .map((name) => (Object.hasOwn(claims, name) ? JSON.stringify(claims[name]) : undefined))
    .map((value) => (value === undefined ? "-," : `${value.length}:${value},`))
    .join("");
}
