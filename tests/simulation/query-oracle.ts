import type { CompletionPayload } from "@signalr-edge/protocol";
import type { ClientWatch } from "./client-watch.ts";
import type { QueryCall } from "./expectations.ts";
import { queryValues } from "./hub-contract.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

interface Asker {
  readonly client: SimulatedClient;
  readonly invocationId: string;
}

/** One query with its arguments. */
interface QueryView {
  askers: Asker[];
  call: QueryCall | undefined;
  kept: { readonly raw: Uint8Array; readonly untilMs: number } | undefined;
}

/** What must happen to the shared calls of one shared upstream. */
export class QueryOracle {
  readonly #watch: ClientWatch;
  readonly #views: readonly QueryView[];

  constructor(watch: ClientWatch) {
    this.#watch = watch;
    this.#views = queryValues.map(() => ({ askers: [], call: undefined, kept: undefined }));
  }

  asks(client: SimulatedClient, query: number, invocationId: string, isFull: boolean): void {
    const view = this.#view(query);
    this.#watch.due.ask(client, invocationId);
    if (isFull) return this.#watch.due.owe(client, invocationId, { kind: "error", error: "" });
    if (view.kept !== undefined && this.#watch.clock.now() < view.kept.untilMs) {
      this.#watch.sightings.keptResults += 1;
      return this.#watch.due.owe(client, invocationId, { kind: "result", raw: view.kept.raw });
    }
    if (view.call !== undefined) this.#watch.sightings.sharedQueries += 1;
    client.load += 1;
    view.askers.push({ client, invocationId });
  }

  /** One invocation at a time for the same query, and only if somebody asks. */
  sent(query: number): QueryCall {
    const view = this.#view(query);
    if (view.call !== undefined) throw new Violation("INV-8", `query ${query} is sent twice at a time`);
    if (view.askers.length === 0) throw new Violation("R-21", `query ${query} is sent for nobody`);
    view.call = { kind: "query", query };
    return view.call;
  }

  /** `raw` is kept. */
  accepted({ query }: QueryCall, raw: Uint8Array, act: () => void): void {
    const view = this.#view(query);
    this.#answer(view, { kind: "result", raw });
    view.call = undefined;
    view.kept = { raw, untilMs: this.#watch.clock.now() + this.#watch.setup.queryTtlMs };
    act();
    this.#watch.due.checkNoneDue();
  }

  /** Errors are shared and not kept. */
  rejected({ query }: QueryCall, error: string, act: () => void): void {
    const view = this.#view(query);
    this.#answer(view, { kind: "error", error });
    view.call = undefined;
    view.kept = undefined;
    act();
    this.#watch.due.checkNoneDue();
  }

  gone(client: SimulatedClient): void {
    for (const view of this.#views) {
      if (view.askers.length > 0) view.askers = view.askers.filter((asker) => asker.client !== client);
    }
  }

  /** It only reads, so it is asked again. */
  down(): void {
    for (const view of this.#views) {
      if (view.call !== undefined && view.askers.length > 0) this.#watch.sightings.lostQueries += 1;
      view.call = undefined;
    }
  }

  refused(): void {
    for (const view of this.#views) this.#answer(view, { kind: "error", error: "" });
  }

  #answer(view: QueryView, payload: CompletionPayload): void {
    for (const { client, invocationId } of view.askers.splice(0)) {
      client.load -= 1;
      this.#watch.due.owe(client, invocationId, payload);
    }
  }

  #view(query: number): QueryView {
    const view = this.#views[query];
    if (view === undefined) throw new Error(`there is no query ${query}`);
    return view;
  }
}
