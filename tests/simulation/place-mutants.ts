import type { SourceEdit } from "./load-core.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Bugs in what travels on which of several shared upstreams, and in how long each is kept. */
export const placeMutants: readonly Mutant[] = [
  mutant("a broadcast is delivered from every shard", [
    hub(
      "    if (!isPrimary(line.place)) this.#metrics.duplicatesDropped += 1;\n    else copies = line.broadcasts.",
      `    const own = this.#parts.lines.lines.find((running) => running.line === line)?.client;
    const primary = own === undefined ? line : this.#parts.lines.primary(own);
    copies = primary.broadcasts.`,
    ),
  ]),
  mutant("a broadcast on another shard is dropped and not counted", [
    hub("if (!isPrimary(line.place)) this.#metrics.duplicatesDropped += 1;", "if (!isPrimary(line.place)) return;"),
  ]),
  mutant("a key is joined on the wrong shard", [
    hub("lines.at(client, placeOf(this.#rules, client.protocol, rule, first.key))", "lines.at(client, primaryPlace)"),
  ]),
  mutant("a key is left on the primary shard only", [
    hub("lines.find(client, placeOf(this.#rules, client.protocol, rule, key))", "lines.find(client, primaryPlace)"),
  ]),
  mutant("a client that goes leaves the groups of one shard only", [
    membership(
      "for (const group of [...this.groups]) group.table.takeOut(client, group);",
      "const [first] = this.groups;\n    for (const group of [...this.groups]) if (group.table === first?.table) group.table.takeOut(client, group);",
    ),
  ]),
  mutant("a client that goes is still waited for on all shards but one", [
    membership(
      "for (const waiter of [...this.waiters]) waiter.table.abandon(waiter);",
      "const [waiting] = this.waiters;\n    for (const waiter of [...this.waiters]) if (waiter.table === waiting?.table) waiter.table.abandon(waiter);",
    ),
  ]),
  mutant("a key of a list is on another shard than the list", [place("isList ? rule.name : key", "key")]),
  mutant("keys with an upstream of their own share one", [
    place('if (rule.upstream === "perKey") return { kind: "key", rule: rule.name, key };', ""),
  ]),
  mutant("a private copy is delivered if the key is on another shard than the primary", [
    {
      file: "aggregation/second-copy.ts",
      find: "placeOf(rules, protocol, rule, key)",
      replace: "primaryPlace",
    },
  ]),
  mutant("a message without a key belongs to nobody", [
    {
      file: "aggregation/attribute-frame.ts",
      find: 'place?.kind === "key" && place.rule === group.name',
      replace: 'place?.kind === "shard" && group !== undefined',
    },
  ]),
  mutant("all partitions share the shards", [
    lines(`\${partition.key.length}:\${partition.key} \${at}`, `\${partition.key.length} \${at}`),
  ]),
  mutant("an upstream is closed although it is needed", [
    lines("if (entry.running.line.isWanted) entry.unusedSinceMs = undefined;\n      else ", ""),
  ]),
  mutant("an upstream that nobody needs is kept for ever", [
    lines("nowMs - entry.unusedSinceMs >= this.#parts.idleMs", "false"),
  ]),
];

function hub(find: string, replace: string): SourceEdit {
  return { file: "aggregation/hub.ts", find, replace };
}

function membership(find: string, replace: string): SourceEdit {
  return { file: "aggregation/membership.ts", find, replace };
}

function place(find: string, replace: string): SourceEdit {
  return { file: "aggregation/line-place.ts", find, replace };
}

function lines(find: string, replace: string): SourceEdit {
  return { file: "aggregation/line-table.ts", find, replace };
}
