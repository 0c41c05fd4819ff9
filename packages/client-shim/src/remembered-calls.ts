import { beginsWith, copyArguments, isSame } from "./call-arguments.ts";

/** A hub method that joins a group. Hub methods are named in any case. */
export interface RejoinRule {
  readonly method: string;
  /** Hub method that leaves: it forgets the calls that begin with its arguments. */
  readonly undo?: string | undefined;
}

/** One call that will be repeated. */
export interface RememberedCall {
  readonly method: string;
  readonly args: readonly unknown[];
  /** Repeated the way it was made: with or without an answer of the hub. */
  readonly kind: "invoke" | "send";
}

interface Entry {
  readonly call: RememberedCall;
  readonly state: "asked" | "succeeded";
}

/** The joins of one connection that hold: those that succeeded, in that order, and were not undone. */
export class RememberedCalls {
  readonly #rules: readonly RejoinRule[];
  readonly #entries = new Set<Entry>();

  constructor(rules: readonly RejoinRule[]) {
    this.#rules = rules;
  }

  /** Every call of the application comes by here. Resolves or rejects as `outcome` does, once that is noted. */
  follow<T>(call: RememberedCall, outcome: Promise<T>): Promise<T> {
    for (const { method, undo } of this.#rules) {
      // As soon as it is asked: whether the hub agrees or not, the application wants to be out.
      if (isSameName(call.method, undo)) this.#forget(method, call.args);
    }
    const isJoin = this.#rules.some(({ method }) => isSameName(call.method, method));
    return isJoin && !call.args.some(isStream) ? this.#remember(call, outcome) : outcome;
  }

  succeeded(): RememberedCall[] {
    return [...this.#entries].filter(({ state }) => state === "succeeded").map(({ call }) => call);
  }

  clear(): void {
    this.#entries.clear();
  }

  async #remember<T>({ method, args, kind }: RememberedCall, outcome: Promise<T>): Promise<T> {
    const entry: Entry = { call: { method, args: copyArguments(args), kind }, state: "asked" };
    this.#entries.add(entry);
    try {
      const result = await outcome;
      this.#succeed(entry);
      return result;
    } finally {
      this.#entries.delete(entry);
    }
  }

  /** An entry that is gone was undone, or its connection closed, while the hub was still at it. */
  #succeed(entry: Entry): void {
    if (!this.#entries.has(entry)) return;
    const isKnown = this.succeeded().some(({ method, args }) => {
      return isSameName(method, entry.call.method) && isSame(args, entry.call.args);
    });
    if (!isKnown) this.#entries.add({ ...entry, state: "succeeded" });
  }

  #forget(method: string, undoArgs: readonly unknown[]): void {
    for (const entry of this.#entries) {
      if (isSameName(entry.call.method, method) && beginsWith(entry.call.args, undoArgs)) this.#entries.delete(entry);
    }
  }
}

function isSameName(name: string, other: string | undefined): boolean {
  return name.toLowerCase() === other?.toLowerCase();
}

/** Uploads are read once, so a call with one cannot be repeated. */
function isStream(argument: unknown): boolean {
  return (
    typeof argument === "object" &&
    argument !== null &&
    "subscribe" in argument &&
    typeof argument.subscribe === "function"
  );
}
