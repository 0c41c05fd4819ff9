import { type CompletionPayload, type Frame, MessageType } from "@signalr-edge/protocol";
import type { SharedFrame } from "../../packages/gateway/src/aggregation/shared-frame.ts";
import { type CloseReason, closeReasons } from "../../packages/gateway/src/close-reasons.ts";
import { DueAnswers } from "./due-answers.ts";
import type { Setup } from "./schedule.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { Violation } from "./violation.ts";

export interface ClientWatchParts {
  readonly setup: Setup;
  readonly clock: SimulatedClock;
  readonly sightings: Sightings;
  /** The gateway has closed this client, with cause. */
  readonly onClosed: (client: SimulatedClient) => void;
}

/** A client, or one invocation of a client, that gets something. */
type Receiver = string;

/** What is on its way through the gateway: a frame as the origin sent it, or an item that each reader gets in its own. */
interface Passage {
  readonly frame: Frame | undefined;
  readonly rawItem: Uint8Array | undefined;
  readonly receivers: Set<Receiver>;
}

/** A spread closer is at most one slice late. */
const gapSlackMs = 50;

/**
 * Sees everything that the clients of one shared upstream get, and compares it with what the oracles expect in the
 * current step: nothing else, nothing twice, nothing late.
 */
export class ClientWatch {
  readonly due = new DueAnswers();
  readonly setup: Setup;
  readonly clock: SimulatedClock;
  readonly sightings: Sightings;
  readonly #onClosed: (client: SimulatedClient) => void;
  /** Clients that are to be told of a gap, with the latest time for it. */
  readonly #closing = new Map<SimulatedClient, number>();
  /** Clients that the gateway cannot let in and must turn away in this step. */
  readonly #refused = new Set<SimulatedClient>();
  #passage: Passage | undefined;

  constructor({ setup, clock, sightings, onClosed }: ClientWatchParts) {
    this.setup = setup;
    this.clock = clock;
    this.sightings = sightings;
    this.#onClosed = onClosed;
  }

  // --- what the oracles expect --------------------------------------------------------------------------------------

  /** it has missed something, and must be closed before long. */
  expectClose(client: SimulatedClient): void {
    if (this.#closing.has(client)) return;
    this.#closing.set(client, this.clock.now() + this.setup.gapSpreadMs + gapSlackMs);
  }

  /** It waits for an upstream that the origin does not want: it is turned away at once. */
  expectRefusal(client: SimulatedClient): void {
    this.#refused.add(client);
  }

  /** `frame` reaches these clients, and nobody else (INV-1, INV-3, INV-5). */
  expectFrame(frame: Frame, receivers: Iterable<SimulatedClient>, what: string, act: () => void): void {
    const names = new Set(Array.from(receivers, (client) => client.name));
    this.#expect({ frame, rawItem: undefined, receivers: new Set() }, names, what, act);
  }

  /** An item of a stream reaches these invocations, each under its own id. */
  expectItem(rawItem: Uint8Array, readers: Iterable<Receiver>, what: string, act: () => void): void {
    this.#expect({ frame: undefined, rawItem, receivers: new Set() }, new Set(readers), what, act);
  }

  gone(client: SimulatedClient): void {
    client.isGone = true;
    this.#closing.delete(client);
    this.#refused.delete(client);
    this.due.gone(client);
  }

  // --- what clients see ---------------------------------------------------------------------------------------------

  written(client: SimulatedClient, { bytes }: SharedFrame): void {
    if (client.isGone) throw new Violation("INV-10", `${client.name} is gone and gets a message`);
    if (this.#passage === undefined) throw new Violation("INV-1", `${client.name} gets a message out of nowhere`);
    const { frame, rawItem, receivers } = this.#passage;
    if (frame !== undefined && bytes !== frame) throw new Violation("R-02", `${client.name} gets other bytes`);
    const receiver = rawItem === undefined ? client.name : readerOf(client, bytes, rawItem);
    if (receivers.has(receiver)) throw new Violation("INV-5", `${receiver} gets a message twice`);
    receivers.add(receiver);
  }

  completed(client: SimulatedClient, invocationId: string, payload: CompletionPayload): void {
    if (client.isGone) throw new Violation("INV-10", `${client.name} is gone and gets a completion`);
    this.due.settle(client, invocationId, payload);
  }

  closed(client: SimulatedClient, reason: CloseReason): void {
    const hasGap = reason === closeReasons.gap && this.#closing.has(client);
    // By name: a copy of the core brings a copy of the reasons.
    const isRefused = reason.name === closeReasons.upstreamLost.name && this.#refused.has(client);
    if (!hasGap && !isRefused) throw new Violation("R-30", `${client.name} is closed without cause: ${reason.name}`);
    if (hasGap) this.sightings.gapCloses += 1;
    this.#onClosed(client);
  }

  // --- what must hold between steps ---------------------------------------------------------------------------------

  /** INV-6: whatever was due in a step has come. INV-4: gaps are told in time. */
  checkStep(): void {
    this.due.checkNoneDue();
    for (const client of this.#refused) throw new Violation("INV-6", `${client.name} is not turned away`);
    for (const [client, latestMs] of this.#closing) {
      if (this.clock.now() > latestMs) throw new Violation("INV-4", `${client.name} has a gap and is not told`);
    }
  }

  /** Faults are over and nothing is under way. */
  checkSettled(): void {
    this.due.checkNoneAsked();
    for (const client of this.#closing.keys()) throw new Violation("INV-4", `${client.name} has a gap and is not told`);
  }

  #expect(passage: Passage, expected: ReadonlySet<Receiver>, what: string, act: () => void): void {
    this.#passage = passage;
    act();
    this.#passage = undefined;
    const { receivers } = passage;
    for (const name of receivers) if (!expected.has(name)) throw new Violation("INV-1", `${name} gets ${what}`);
    for (const name of expected) if (!receivers.has(name)) throw new Violation("INV-3", `${name} misses ${what}`);
  }
}

/** The invocation that a stream item is for. */
function readerOf(client: SimulatedClient, bytes: Frame, rawItem: Uint8Array): Receiver {
  const { type, item, invocationId } = client.protocol.peek(bytes);
  const isSame = item !== undefined && Buffer.compare(bytes.subarray(item.start, item.end), rawItem) === 0;
  if (type !== MessageType.StreamItem || !isSame) throw new Violation("R-02", `${client.name} gets another item`);
  return `${client.name} ${invocationId}`;
}
