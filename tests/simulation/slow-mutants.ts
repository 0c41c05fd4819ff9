import type { SourceEdit } from "./load-core.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Bugs in what clients get that do not read fast enough, and in when they are cut. */
export const slowMutants: readonly Mutant[] = [
  mutant("a conflated message is put before those that wait", [
    output(
      "this.#conflated.set(key, { frame: frame.keep(), whenBehind });",
      "this.#conflated = new Map([[key, { frame: frame.keep(), whenBehind }], ...this.#conflated]);",
    ),
  ]),
  mutant("a newer message takes the place of the one that it replaces, not the last", [
    output("if (this.#conflated.delete(key))", "if (this.#conflated.has(key))"),
  ]),
  mutant("conflate keeps the oldest message", [
    output("if (this.#conflated.delete(key)) this.#metrics.conflated += 1;", "if (this.#conflated.has(key)) return;"),
  ]),
  mutant("conflate keeps one message for all keys of a target", [output("\\n$" + "{whenBehind.group}", "")]),
  mutant("conflate drops", [
    {
      file: "aggregation/when-behind.ts",
      find: 'return { kind: "conflate", target, group: key };',
      replace: "return drop;",
    },
  ]),
  mutant("a new message overtakes what is held back", [output(" || this.#conflated !== undefined", "")]),
  mutant("drop also drops messages of other targets", [
    output(
      "    if (whenBehind === undefined) this.#write(frame, owed);",
      "    if (whenBehind === undefined && !owed && this.#isBehind(frame)) return true;\n    if (whenBehind === undefined) this.#write(frame, owed);",
    ),
  ]),
  mutant("drop drops messages of clients that are not behind", [
    output("else if (this.#isBehind(frame)) {", "else if (true) {"),
  ]),
  mutant("a message that is dropped is not counted", [output("      this.#metrics.dropped += 1;\n", "")]),
  mutant("a slow client holds up the messages of the others", [
    output(
      "  #isBehind(frame: SharedFrame): boolean {\n    return ",
      `  static readonly #slow = new Set<ClientOutput>();

  #isBehind(frame: SharedFrame): boolean {
    if (this.#fits(frame)) ClientOutput.#slow.delete(this);
    else ClientOutput.#slow.add(this);
    return ClientOutput.#slow.size > 0 || `,
    ),
  ]),
  mutant("what is held back is never sent", [
    output("    const held = this.#conflated;\n", "    const held = undefined as Map<string, Held> | undefined;\n"),
  ]),
  mutant("what is held back is sent although it does not fit", [
    output("if (!this.#fits(frame) || (this.#transport?.pendingBytes ?? 0) > highWaterBytes) {", "if (false) {"),
  ]),
  mutant("what is held back is a view of bytes that are overwritten", [output("frame: frame.keep(),", "frame,")]),
  mutant("a client that has something held back is looked at in every turn", [
    output("if (hasSent) this.#transport?.tellWhenDrained();", "this.#transport?.tellWhenDrained();"),
  ]),
  mutant("what waits of a group is sent after the state that a later join tells", [
    { file: "aggregation/group-table.ts", find: "    client.letGo(group.key);\n", replace: "" },
  ]),
  mutant("what waits of a group is sent after the state that a rejoin tells", [
    {
      file: "aggregation/reconciler.ts",
      find: "for (const { key, members } of restores) for (const member of members) member.letGo(key);",
      replace: "",
    },
  ]),
  mutant("a client that does not read is never cut", [
    outbox("if (pendingBytes > this.#limits.outboxMaxBytes + this.#owedBytes) return this.#listener.overflowed();", ""),
  ]),
  mutant("a client is cut for what it asked for", [
    outbox(
      "pendingBytes > this.#limits.outboxMaxBytes + this.#owedBytes",
      "pendingBytes > this.#limits.outboxMaxBytes",
    ),
  ]),
  mutant("group messages count as asked for", [
    output(
      "if (whenBehind === undefined) this.#write(frame, owed);",
      "if (whenBehind === undefined) this.#write(frame, true);",
    ),
  ]),
  mutant("what a client asked for and has read still raises its bound", [
    outbox("    if (isEmpty) this.#owedBytes = 0;\n", ""),
  ]),
  mutant("the framing of a message takes it over the bound", [output(" + framingBytes <=", " <=")]),
  mutant("a client that reads nothing is never cut", [
    outbox("const isStuck = pendingBytes > 0 &&", "const isStuck = false && pendingBytes > 0 &&"),
  ]),
  mutant("a client that reads slowly is cut as one that reads nothing", [
    outbox(" && takenBytes <= this.#takenAtLastCheck;", ";"),
  ]),
  mutant("what is written in a turn stays until the next one", [
    outbox("    this.#sink.uncork();\n", "    if (this.#sink.writableLength < 100) this.#sink.uncork();\n"),
  ]),
  mutant("the private upstream of a client that has caught up stays paused", [
    output("    else this.#upstream?.resume();\n", ""),
  ]),
];

function output(find: string, replace: string): SourceEdit {
  return { file: "client/client-output.ts", find, replace };
}

function outbox(find: string, replace: string): SourceEdit {
  return { file: "client/outbox.ts", find, replace };
}
