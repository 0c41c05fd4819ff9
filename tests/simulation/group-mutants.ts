import type { SourceEdit } from "./load-core.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** Bugs in the life of groups: joins, members, leaves, gaps, and what is delivered to whom. */
export const groupMutants: readonly Mutant[] = [
  mutant("a join is answered before the origin has", [
    reconciler(
      "    this.#parts.metrics.originJoins += 1;",
      '    this.#parts.metrics.originJoins += 1;\n    this.#answer(waiters, { kind: "void" });',
    ),
  ]),
  mutant("clients become members when the join completes, not when it is sent", [
    reconciler("if (this.#table.add(waiter.client, group)) waiter.added.push(group);", "void group;"),
    reconciler(
      "      group.joinedBy = subscription;",
      "      group.joinedBy = subscription;\n      for (const { client, wanted } of waiters) if (wanted.has(group)) this.#table.add(client, group);",
    ),
  ]),
  mutant("clients become members when they ask, not when the join is sent", [
    table(
      "    subscription.waiting.add(waiter);",
      "    subscription.waiting.add(waiter);\n    for (const group of subscription.groups) if (this.add(client, group)) waiter.added.push(group);",
    ),
  ]),
  mutant("a join takes part in the same join that is in flight", [
    table(
      "    subscription.waiting.add(waiter);",
      `    const operation = subscription.groups[0]?.operation;
    if (subscription.place === "inFlight" && operation?.kind === "join") {
      (operation.waiters as Set<Waiter>).add(waiter);
      for (const group of subscription.groups) if (this.add(client, group)) waiter.added.push(group);
      return;
    }
    subscription.waiting.add(waiter);`,
    ),
  ]),
  mutant("a client that goes stays a member", [
    membership("for (const group of [...this.groups]) group.table.takeOut(client, group);", ""),
  ]),
  mutant("a client that goes is answered all the same", [table("    this.forget(waiter);\n", "")]),
  mutant("a leave does not reach the joins of the client that wait", [
    table("waiter.wanted.delete(group);", "void waiter;"),
  ]),
  mutant("a client that joined twice has to leave twice", [
    table(
      "    this.remove(client, group);",
      "    const joins = [...(client.membership?.waiters ?? [])].length;\n    if (joins === 0) this.remove(client, group);",
    ),
  ]),
  mutant("a leave is sent while a join is in flight", [
    reconciler("    if (group.operation !== undefined) return;\n", ""),
    reconciler("group.joined && group.operation === undefined && !this.#isAwaited(group)", "group.joined"),
    reconciler("    if (this.#isAwaited(group)) return;\n", ""),
  ]),
  mutant("a new member does not stop the linger", [
    reconciler(
      "      group.linger?.cancel();\n      group.linger = undefined;\n    }\n    for (const { key",
      "    }\n    for (const { key",
    ),
    reconciler("if (group.members.size === 0 && group.joined", "if (group.joined"),
  ]),
  mutant("a group does not linger", [
    reconciler("this.#parts.clock.after(group.rule.lingerMs,", "this.#parts.clock.after(0,"),
  ]),
  mutant("the origin is never told to leave", [reconciler("if (leave === undefined ||", "if (leave !== undefined ||")]),
  mutant("two joins of one key are in flight at once", [
    reconciler(
      "if (subscription.groups.some((group) => group.operation !== undefined)) this.#enqueue(subscription);\n      else ",
      "",
    ),
    reconciler(
      "const holder = subscription.groups.find((group) => group.operation !== undefined);",
      "const holder = undefined as Group | undefined;",
    ),
  ]),
  mutant("what waits for a key is forgotten when the key is free", [
    reconciler(
      '      subscription.place = "idle";\n      this.#enqueue(subscription);\n    }\n',
      '      subscription.place = "idle";\n    }\n',
    ),
  ]),
  mutant("the next batch of the same join goes before other joins of the key", [
    reconciler("    if (subscription.waiting.size > 0) this.#enqueue(subscription);\n", ""),
    reconciler(
      "    for (const group of subscription.groups) group.operation = undefined;\n",
      "    for (const group of subscription.groups) group.operation = undefined;\n    if (subscription.waiting.size > 0) this.#enqueue(subscription);\n",
    ),
  ]),
  mutant("a refused join leaves its clients in the group", [
    reconciler("for (const group of waiter.added) this.#table.remove(waiter.client, group);", "void waiter;"),
  ]),
  mutant("a refused join throws out clients that were members before", [
    reconciler(
      "for (const group of waiter.added) this.#table.remove(",
      "for (const group of waiter.wanted) this.#table.remove(",
    ),
  ]),
  mutant("joins that were in flight when the connection broke are forgotten", [
    reconciler("if (this.#table.isWaiting(waiter)) waiter.subscription.waiting.add(waiter);", ""),
  ]),
  mutant("a join that was in flight when the connection broke counts as done", [
    reconciler(
      'if (outcome.kind === "lost") this.#takeBack(waiters);',
      'if (outcome.kind === "lost") this.#accepted(operation, { kind: "void" });',
    ),
  ]),
  mutant("joins that were lost take up room for ever", [
    reconciler("    this.#joinsInFlight -= 1;", '    if (outcome.kind !== "lost") this.#joinsInFlight -= 1;'),
  ]),
  mutant("too many joins are in flight", [reconciler("this.#joinsInFlight >= maxJoinsInFlight", "false")]),
  mutant("a group counts as joined in the next epoch", [
    reconciler(
      "      group.joined = false;\n      this.settle(group);\n    }\n  }",
      "      this.settle(group);\n    }\n  }",
    ),
  ]),
  mutant("a group goes on lingering when the connection breaks", [
    reconciler(
      "      group.linger?.cancel();\n      group.linger = undefined;\n      group.joined = false;",
      "      group.joined = false;",
    ),
  ]),
  mutant("a join that nobody waits for any more waits for the origin", [
    reconciler('if (subscription.place !== "ready" ||', "if (subscription.place ||"),
  ]),
  mutant("groups that nobody needs are kept", [
    table("        if (named.subscriptions.size === 0) this.groups.delete(named.key);\n", ""),
  ]),
  mutant("joins that are answered still count as waiting", [table("    this.#waiterCount -= 1;\n", "")]),
  mutant("joins that wait do not count against the bound of the client", [
    membership("this.groups.size + this.waiters.size +", "this.groups.size +"),
  ]),
  mutant("members are not told of a gap", [reconciler('if (group.rule.onGap === "close" ||', "if (")]),
  mutant("members whose rejoin is refused are not told", [
    reconciler("for (const group of restores) this.#closeMembers(group);", "void restores;"),
  ]),
  mutant("members with a gap stay in the group until they are closed", [
    reconciler("      this.#table.remove(member, group);\n      this.#parts.gapCloser", "      this.#parts.gapCloser"),
  ]),
  mutant("a completion of the connection before is taken for one of this", [
    {
      file: "upstream/pending-invocations.ts",
      find: "    this.#pending.clear();",
      replace: "    this.#pending.clear();\n    this.#lastId = 0;",
    },
  ]),
  mutant("invocations are not ended when the connection breaks", [
    {
      file: "upstream/pending-invocations.ts",
      find: 'for (const { done } of lost) done({ kind: "lost" });',
      replace: "void lost;",
    },
  ]),
  mutant("a message goes to the members of another key", [
    hub(
      "const group = line.groups.groups.get(key);",
      "const group = line.groups.groups.get(key) && [...line.groups.groups.values()][0];",
    ),
  ]),
  mutant("a message without a key goes to everybody", [
    hub(
      "    if (shared === undefined) this.",
      "    if (shared === undefined) for (const group of line.groups.groups.values()) group.fanOut(new SharedFrame(line.protocol, frame));\n    if (shared === undefined) this.",
    ),
  ]),
  mutant("a message is delivered once for each join that names its key", [
    {
      file: "aggregation/group.ts",
      find: "    for (const member of this.members) member.write(frame);",
      replace: "    for (const _ of this.subscriptions) for (const member of this.members) member.write(frame);",
    },
  ]),
  mutant("what the hub tells the joiner goes to all members", [table('if (rule.to === "members") {', "{")]),
  mutant("what the hub tells the joiner is sent once for each of its joins", [
    table(" || written.has(waiter.client)", ""),
  ]),
  mutant("a rejoin of one key tells the members of its other keys a new state", [
    table("operation.restores.has(group)", "operation.restores.size > 0"),
  ]),
  mutant("a rejoin tells nobody the new state", [table("if (operation.restores.has(group)", "if (false")]),
  mutant("a client result is asked of all members", [
    hub("if (envelope.invocationId !== undefined) return this.#refuse", "if (false) return this.#refuse"),
  ]),
  mutant("a private copy is delivered although the client is a member", [
    hub("    return false;\n  }\n\n  connect(", "    return true;\n  }\n\n  connect("),
  ]),
  mutant('1 and "1" are one key', [
    {
      file: "aggregation/group-key.ts",
      find: 'rule.keyKind === "text" ? "t" : kindLetters[scalar.kind]',
      replace: '"t"',
    },
  ]),
  mutant("joins that differ in an argument beside the key share an invocation", [
    {
      file: "aggregation/raw-arguments.ts",
      find: "for (const raw of rawArguments) ",
      replace: "for (const raw of rawArguments.slice(0, 1)) ",
    },
  ]),
  mutant("the gateway leaves all keys of a join when one is empty", [
    {
      file: "aggregation/leave-arguments.ts",
      find: "part.expand ? protocol.writeArray([raw]) : raw",
      replace: "part.expand ? protocol.writeArray([raw, raw]) : raw",
    },
  ]),
];

function reconciler(find: string, replace: string): SourceEdit {
  return { file: "aggregation/reconciler.ts", find, replace };
}

function table(find: string, replace: string): SourceEdit {
  return { file: "aggregation/group-table.ts", find, replace };
}

function membership(find: string, replace: string): SourceEdit {
  return { file: "aggregation/membership.ts", find, replace };
}

function hub(find: string, replace: string): SourceEdit {
  return { file: "aggregation/hub.ts", find, replace };
}
