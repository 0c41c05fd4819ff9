import type { CompletionPayload, Envelope, Frame } from "@signalr-edge/protocol";
import type { Clock } from "../clock.ts";
import type { CallRule } from "../config/hub-rules.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { Membership } from "./membership.ts";
import type { GroupSource, InvocationOutcome, Member } from "./ports.ts";
import { argumentsIdentity, rawArgumentsOf } from "./raw-arguments.ts";

/** One client's call that waits for its answer. */
export interface Caller {
  readonly client: Member;
  readonly invocationId: string;
  readonly table: CallTable;
  readonly call: SharedCall;
}

type State =
  | { readonly name: "queued" | "inFlight"; readonly callers: Set<Caller> }
  | { readonly name: "answered"; readonly payload: CompletionPayload; readonly expiresAtMs: number };

interface SharedCall {
  readonly id: string;
  readonly rule: CallRule;
  /** Copies: they outlive the frame of the client that came first. */
  readonly rawArguments: readonly Uint8Array[];
  state: State;
}

export interface CallTableParts {
  readonly source: GroupSource;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
  /** Most different calls in flight, waiting, or kept. */
  readonly maxCalls: number;
}

/**
 * Shared calls of one shared upstream. Calls of a rule with the same argument bytes share the invocation in flight, and
 * its result for `ttlMs` after that. Errors are shared, but not kept. A call whose connection was lost is made again: the
 * rule says that the method only reads.
 */
export class CallTable {
  readonly #parts: CallTableParts;
  /** By rule and argument bytes; oldest first. */
  readonly #calls = new Map<string, SharedCall>();

  constructor(parts: CallTableParts) {
    this.#parts = parts;
  }

  /** Whether anybody waits for an answer. */
  get isWaiting(): boolean {
    for (const { state } of this.#calls.values()) if (state.name !== "answered") return true;
    return false;
  }

  /** Takes a call with an invocation id; false if there are too many different ones, and then nothing was done. */
  call(client: Member, rule: CallRule, envelope: Envelope, frame: Frame): boolean {
    const { invocationId = "" } = envelope;
    const rawArguments = rawArgumentsOf(envelope, frame);
    const id = argumentsIdentity(rule.method.toLowerCase(), rawArguments);
    const known = this.#calls.get(id);
    if (known !== undefined && this.#share(known, client, invocationId)) return true;
    if (known === undefined && !this.#hasRoom()) return false;
    const call: SharedCall = {
      id,
      rule,
      rawArguments: rawArguments.map((raw) => Buffer.from(raw)),
      state: { name: "queued", callers: new Set() },
    };
    this.#calls.delete(id);
    this.#calls.set(id, call);
    this.#share(call, client, invocationId);
    this.#start(call);
    return true;
  }

  /** The client is gone. A call that nobody waits for any more and that was not sent is not made. */
  forget(caller: Caller): void {
    const { call } = caller;
    caller.client.membership?.callers.delete(caller);
    if (call.state.name === "answered") return;
    call.state.callers.delete(caller);
    if (call.state.name === "queued" && call.state.callers.size === 0) this.#calls.delete(call.id);
  }

  sourceUp(): void {
    for (const call of [...this.#calls.values()]) this.#start(call);
  }

  sourceRefused(): void {
    for (const call of [...this.#calls.values()]) {
      if (call.state.name !== "queued") continue;
      this.#calls.delete(call.id);
      const error = `Failed to invoke '${call.rule.method}' due to an error on the server.`;
      answer(call.state.callers, { kind: "error", error });
    }
  }

  /** False if the call has an answer that is too old. */
  #share(call: SharedCall, client: Member, invocationId: string): boolean {
    const { state } = call;
    if (state.name !== "answered") {
      const caller: Caller = { client, invocationId, table: this, call };
      client.membership ??= new Membership();
      client.membership.callers.add(caller);
      if (state.callers.size > 0) this.#parts.metrics.sharedCalls += 1;
      state.callers.add(caller);
      return true;
    }
    if (state.expiresAtMs <= this.#parts.clock.now()) return false;
    this.#parts.metrics.sharedCalls += 1;
    client.complete(invocationId, state.payload);
    return true;
  }

  /** The oldest answer that is kept makes room. */
  #hasRoom(): boolean {
    if (this.#calls.size < this.#parts.maxCalls) return true;
    for (const [id, { state }] of this.#calls) {
      if (state.name !== "answered") continue;
      this.#calls.delete(id);
      return true;
    }
    return false;
  }

  #start(call: SharedCall): void {
    const { source, metrics } = this.#parts;
    if (call.state.name !== "queued") return;
    if (!source.isOpen) return source.open();
    call.state = { name: "inFlight", callers: call.state.callers };
    metrics.originCalls += 1;
    metrics.savings.countSent("call", call.rule.method);
    source.invoke(call.rule.method, call.rawArguments, (outcome) => this.#finish(call, outcome));
  }

  #finish(call: SharedCall, outcome: InvocationOutcome): void {
    if (call.state.name !== "inFlight") return;
    const { callers } = call.state;
    if (outcome.kind === "lost") {
      call.state = { name: "queued", callers };
      if (callers.size === 0) this.#calls.delete(call.id);
      return;
    }
    this.#keep(call, outcome.payload);
    answer(callers, outcome.payload);
  }

  #keep(call: SharedCall, payload: CompletionPayload): void {
    const { ttlMs } = call.rule;
    if (ttlMs === 0 || payload.kind === "error") {
      this.#calls.delete(call.id);
      return;
    }
    const kept = payload.kind === "result" ? { ...payload, raw: Buffer.from(payload.raw) } : payload;
    call.state = { name: "answered", payload: kept, expiresAtMs: this.#parts.clock.now() + ttlMs };
    this.#parts.clock.after(ttlMs, () => {
      if (this.#calls.get(call.id) === call) this.#calls.delete(call.id);
    });
  }
}

function answer(callers: ReadonlySet<Caller>, payload: CompletionPayload): void {
  for (const caller of callers) {
    if (caller.client.membership?.callers.delete(caller)) caller.client.complete(caller.invocationId, payload);
  }
}
