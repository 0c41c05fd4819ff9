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
  const key = partition.key + partitionClaims.map((name) => claimPart(identity, name)).join("");
  return { ...partition, key: key as PartitionKey };
}

/** In the way of `partitionOf`, so that no two lists of values look the same. */
function claimPart(identity: Identity | undefined, name: string): string {
  const claims = identity?.claims ?? {};
  const value = Object.hasOwn(claims, name) ? JSON.stringify(claims[name]) : undefined;
  return value === undefined ? "-," : `${value.length}:${value},`;
}
