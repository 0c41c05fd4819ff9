import type { SourceEdit } from "./load-core.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Bugs in broadcasts, shared calls and shared streams. */
export const lineMutants: readonly Mutant[] = [
  mutant("a client is let in before it can get broadcasts", [broadcasts("if (this.#parts.source.isOpen) {", "{")]),
  mutant("clients that follow broadcasts are not told of a gap", [
    broadcasts("this.#parts.gapCloser.close(member);", "void member;"),
  ]),
  mutant("clients with a gap in the broadcasts follow them until they are closed", [
    broadcasts("    this.#members.clear();", ""),
  ]),
  mutant("a client that goes still gets broadcasts", [broadcasts("    this.#members.delete(client);\n", "")]),
  mutant("a client that goes is let in all the same", [broadcasts("    this.#arriving.delete(client);\n", "")]),
  mutant("clients that wait at the door are forgotten", [
    broadcasts("      proceed();\n    }\n  }", "      void proceed;\n    }\n  }"),
  ]),
  mutant("a new joiner is taken for a member of the epoch before", [
    line(
      "  sourceUp(): void {\n    this.groups.sourceUp();",
      "  sourceUp(): void {\n    this.broadcasts.sourceUp();\n    this.groups.sourceUp();",
    ),
  ]),
  mutant("broadcasts are looked up among the groups", [
    hub("    if (isBroadcast(this.#rules, envelope)) return this.#broadcast(line, envelope, frame);", ""),
  ]),
  mutant("a private copy of a broadcast is delivered, too", [
    {
      file: "aggregation/second-copy.ts",
      find: "if (isBroadcast(rules, envelope)) return",
      replace: "if (isBroadcast(rules, envelope) && envelope.target === undefined) return",
    },
  ]),
  mutant("identical calls do not share the one in flight", [
    calls(
      "const known = this.#calls.get(id);",
      "const known = undefined as { readonly rule: CallRule; call: Call } | undefined;",
    ),
  ]),
  mutant("calls with different arguments share an answer", [
    calls(
      "argumentsIdentity(rule.method.toLowerCase(), rawArguments)",
      "argumentsIdentity(rule.method.toLowerCase(), [])",
    ),
  ]),
  mutant("a result is kept for longer than it may be", [
    calls("if (state.expiresAtMs <= this.#parts.clock.now()) return false;", ""),
    calls("      if (this.#calls.get(call.id) === call) this.#calls.delete(call.id);", ""),
  ]),
  mutant("an error is kept like a result", [
    calls('if (ttlMs === 0 || payload.kind === "error") {', "if (ttlMs === 0) {"),
  ]),
  mutant("a kept result is a view of bytes that are overwritten", [
    calls('payload.kind === "result" ? { ...payload, raw: Buffer.from(payload.raw) } : payload', "payload"),
  ]),
  mutant("a result is kept although its rule does not say so", [
    calls('if (ttlMs === 0 || payload.kind === "error") {', 'if (payload.kind === "error") {'),
    calls("if (state.expiresAtMs <= this.#parts.clock.now()) return false;", ""),
  ]),
  mutant("a call that was lost is made again for nobody", [
    calls("      if (callers.size === 0) this.#calls.delete(call.id);\n", ""),
  ]),
  mutant("a call that nobody waits for any more waits for the origin", [
    calls('    if (call.state.name === "queued" && call.state.callers.size === 0) this.#calls.delete(call.id);\n', ""),
  ]),
  mutant("a client that goes is still answered", [
    calls("if (caller.client.membership?.callers.delete(caller)) caller.client.complete(", "caller.client.complete("),
    membership("for (const caller of [...this.callers]) caller.table.forget(caller);", ""),
  ]),
  mutant("a call that was lost is not made again", [
    calls('      call.state = { name: "queued", callers };\n', "      this.#calls.delete(call.id);\n"),
  ]),
  mutant("a late reader opens the stream a second time", [
    streams("let stream = this.#streams.get(id);", "let stream = undefined as SharedStream | undefined;"),
  ]),
  mutant("a stream runs on when its last reader is gone", [streams("    stream.handle?.cancel();", "")]),
  mutant("a reader that cancels takes the stream from the others", [
    streams("    if (stream.readerCount > 0) return;\n", ""),
  ]),
  mutant("readers of a stream are not told that its connection broke", [
    streams("this.#end(stream, outcome.kind", 'if (outcome.kind === "completed") this.#end(stream, outcome.kind'),
  ]),
  mutant("every reader of a stream gets its items under the id of the first", [
    {
      file: "aggregation/shared-stream.ts",
      find: "let frame = frames.get(invocationId);",
      replace: "let frame = [...frames.values()][0];",
    },
  ]),
  mutant("the end of a stream that was cancelled ends the one that came after it", [
    {
      file: "upstream/pending-invocations.ts",
      find: "  forget(invocationId: string): void {\n    this.#pending.delete(invocationId);",
      replace: "  forget(invocationId: string): void {\n    void invocationId;",
    },
  ]),
  mutant("a client that goes still reads its streams", [
    membership(
      "for (const [invocationId, { table, stream }] of [...this.streams]) table.close(client, invocationId, stream);",
      "",
    ),
  ]),
];

function line(find: string, replace: string): SourceEdit {
  return { file: "aggregation/shared-line.ts", find, replace };
}

function broadcasts(find: string, replace: string): SourceEdit {
  return { file: "aggregation/broadcast-group.ts", find, replace };
}

function calls(find: string, replace: string): SourceEdit {
  return { file: "aggregation/call-table.ts", find, replace };
}

function streams(find: string, replace: string): SourceEdit {
  return { file: "aggregation/stream-table.ts", find, replace };
}

function membership(find: string, replace: string): SourceEdit {
  return { file: "aggregation/membership.ts", find, replace };
}

function hub(find: string, replace: string): SourceEdit {
  return { file: "aggregation/hub.ts", find, replace };
}
