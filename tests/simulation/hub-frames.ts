import { type HubProtocol, type HubProtocolName, hubProtocols } from "@signalr-edge/protocol";
import { sameBytes } from "./bytes.ts";
import { type CannedFrame, can } from "./canned-frame.ts";
import {
  broadcastTarget,
  groupShapes,
  joinRequests,
  leaveRequests,
  queryMethod,
  queryValues,
  type RuleName,
  streamMethod,
  streamValues,
  topicAt,
  topics,
} from "./hub-contract.ts";
import { remembered } from "./remembered.ts";

/** Three messages are over the high-water mark of an outbox. */
const paddingBytes = 24_000;

/** An invocation as it stands on the wire, but for its id. */
interface RawCall {
  readonly method: string;
  readonly arguments: readonly Uint8Array[];
}

/**
 * The contract in the bytes of one hub protocol. A run needs few different frames, so that each is written and read
 * once: writing and reading them is what packages/protocol is tested for, not what is simulated here.
 */
export class HubFrames {
  readonly protocol: HubProtocol;
  /** By topic. */
  readonly values: readonly Uint8Array[];
  readonly #joins: readonly RawCall[];
  /** What clients leave with, and what the gateway leaves one topic with. */
  readonly #leaves: readonly RawCall[];
  readonly #leaveOf: readonly RawCall[];
  readonly #queries: readonly RawCall[];
  readonly #streams: readonly RawCall[];
  readonly #padding: Uint8Array;

  constructor(protocol: HubProtocol) {
    this.protocol = protocol;
    this.#padding = protocol.writeScalar({ kind: "string", text: ".".repeat(paddingBytes) });
    this.values = topics.map(({ value }) => protocol.writeScalar(value));
    this.#joins = joinRequests.map(({ rule, topics, extra }) => ({
      method: groupShapes[rule].join,
      arguments: [this.#keyArgument(rule, topics), ...(extra === undefined ? [] : [protocol.writeScalar(extra)])],
    }));
    const leave = (rule: RuleName, topics: readonly number[]): RawCall => ({
      method: groupShapes[rule].leave ?? "",
      arguments: [this.#keyArgument(rule, topics)],
    });
    this.#leaves = leaveRequests.map(({ rule, topics }) => leave(rule, topics));
    this.#leaveOf = topics.map(({ rule, index }) => leave(rule, [index]));
    this.#queries = queryValues.map((value) => ({ method: queryMethod, arguments: [protocol.writeScalar(value)] }));
    this.#streams = streamValues.map((value) => ({ method: streamMethod, arguments: [protocol.writeScalar(value)] }));
  }

  // --- frames of clients, by what they name and the number of the invocation (0: nobody waits for an answer) --------

  readonly join = remembered((index, id) => this.#invocation(this.#joins[index], id));
  readonly leave = remembered((index, id) => this.#invocation(this.#leaves[index], id));
  readonly query = remembered((index, id) => this.#invocation(this.#queries[index], id));
  readonly cancel = remembered((_, id) => can(this.protocol, this.protocol.writeCancelInvocation(String(id))));
  readonly stream = remembered((index, id) => {
    const { method: target, arguments: rawArguments } = callAt(this.#streams, index);
    const invocation = { target, invocationId: String(id), arguments: rawArguments };
    return can(this.protocol, this.protocol.writeStreamInvocation(invocation));
  });

  // --- frames and values of the origin, each different from all others of its kind ----------------------------------

  /** An update of a topic, by topic and sequence number. */
  readonly message = remembered((topic, sequence) => this.#message(topic, "target", sequence));
  /** The same, with an argument more that makes it large. */
  readonly padded = remembered((topic, sequence) => this.#message(topic, "target", sequence, [this.#padding]));
  /** The state of a topic, for the caller of a join alone. */
  readonly snapshot = remembered((topic, sequence) => this.#message(topic, "snapshot", sequence));
  readonly broadcast = remembered((_, sequence) => this.#hubMessage(broadcastTarget, [this.#number(sequence)]));
  /** A broadcast or an update, as it comes on a client's own upstream. */
  readonly copy = remembered((_, topic) =>
    this.#hubMessage(topic < topics.length ? this.target(topic, "target") : broadcastTarget, [
      this.values[topic] ?? this.protocol.nullValue,
    ]),
  );
  /** A message without a key; with a question's number, one that asks the gateway itself. */
  readonly stray = remembered((topic, question) =>
    question === 0
      ? this.#hubMessage(this.target(topic, "target"), [this.protocol.nullValue])
      : this.#hubMessage(this.target(topic, "target"), [this.#argument(topic)], `q${question}`),
  );
  /** The value that an invocation returns, by its number. */
  readonly result = remembered((kind, id) => {
    return this.protocol.writeScalar({ kind: "string", text: `${kind === 0 ? "answer" : "late"} ${id}` });
  });
  readonly item = remembered((_, count) => this.protocol.writeScalar({ kind: "string", text: `item ${count}` }));
  /** An answer, by the invocation that it is to. */
  readonly answer = remembered((_, id) => this.protocol.writeCompletion(String(id), { kind: "void" }));
  /** An item as the reader with this invocation id gets it. */
  readonly itemFrame = remembered((id, count) => this.protocol.writeStreamItem(String(id), this.item(0, count)));

  // --- what the gateway asks for: a number, or -1 if no client could have meant it ----------------------------------

  findJoin(method: string, rawArguments: readonly Uint8Array[]): number {
    return find(this.#joins, method, rawArguments);
  }

  findLeave(method: string, rawArguments: readonly Uint8Array[]): number {
    return find(this.#leaveOf, method, rawArguments);
  }

  findQuery(method: string, rawArguments: readonly Uint8Array[]): number {
    return find(this.#queries, method, rawArguments);
  }

  findStream(method: string, rawArguments: readonly Uint8Array[]): number {
    return find(this.#streams, method, rawArguments);
  }

  /** Target of updates, or of what the hub tells the caller during a join. */
  target(topic: number, to: "target" | "snapshot"): string {
    return groupShapes[topicAt(topic).rule][to];
  }

  #invocation(call: RawCall | undefined, id: number): CannedFrame {
    if (call === undefined) throw new Error("there is no such request");
    return this.#hubMessage(call.method, call.arguments, id === 0 ? undefined : String(id));
  }

  #message(topic: number, to: "target" | "snapshot", sequence: number, more: readonly Uint8Array[] = []): CannedFrame {
    return this.#hubMessage(this.target(topic, to), [this.#argument(topic), this.#number(sequence), ...more]);
  }

  #hubMessage(target: string, rawArguments: readonly Uint8Array[], invocationId?: string): CannedFrame {
    const id = invocationId === undefined ? {} : { invocationId };
    return can(this.protocol, this.protocol.writeInvocation({ target, arguments: rawArguments, ...id }));
  }

  #number(sequence: number): Uint8Array {
    return this.protocol.writeScalar({ kind: "integer", text: String(sequence) });
  }

  #argument(topic: number): Uint8Array {
    return this.values[topic] ?? this.protocol.nullValue;
  }

  #keyArgument(rule: RuleName, indexes: readonly number[]): Uint8Array {
    const elements = indexes.map((index) => this.#argument(index));
    return rule === "list" ? this.protocol.writeArray(elements) : (elements[0] ?? this.protocol.nullValue);
  }
}

function callAt(calls: readonly RawCall[], index: number): RawCall {
  const call = calls[index];
  if (call === undefined) throw new Error(`there is no request ${index}`);
  return call;
}

function find(calls: readonly RawCall[], method: string, rawArguments: readonly Uint8Array[]): number {
  for (let index = 0; index < calls.length; index += 1) {
    const call = calls[index];
    if (call !== undefined && call.method === method && haveSameBytes(call.arguments, rawArguments)) return index;
  }
  return -1;
}

function haveSameBytes(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index += 1) {
    const one = some[index];
    const other = others[index];
    if (one === undefined || other === undefined || !sameBytes(one, other)) return false;
  }
  return true;
}

export const hubFrames: Readonly<Record<HubProtocolName, HubFrames>> = {
  json: new HubFrames(hubProtocols.json),
  messagepack: new HubFrames(hubProtocols.messagepack),
};
