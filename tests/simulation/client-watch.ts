import type { CompletionPayload, Frame } from "@signalr-edge/protocol";
import type { SharedFrame } from "../../packages/gateway/src/aggregation/shared-frame.ts";
import { type CloseReason, closeReasons } from "../../packages/gateway/src/close-reasons.ts";
import { sameBytes } from "./bytes.ts";
import type { Coverage } from "./coverage.ts";
import { DueAnswers } from "./due-answers.ts";
import type { HubFrames } from "./hub-frames.ts";
import type { FrameMessage } from "./origin-connection.ts";
import type { Setup } from "./setup.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { Violation } from "./violation.ts";

export interface ClientWatchParts {
  readonly setup: Setup;
  readonly clock: SimulatedClock;
  readonly sightings: Sightings;
  readonly coverage: Coverage;
  readonly frames: HubFrames;
  /** The gateway has closed this client, with cause. */
  readonly onClosed: (client: SimulatedClient) => void;
}

/** One invocation that reads a stream. */
export interface Reader {
  readonly client: SimulatedClient;
  readonly invocationId: string;
  /** Whether it has got the item that is under way. */
  hasItem: boolean;
}

/** What is on its way through the gateway: a frame as the origin sent it, or an item that each reader gets in its own. */
type Passage =
  | { readonly kind: "frame"; readonly frame: Frame; readonly message: FrameMessage | undefined }
  | { readonly kind: "item"; readonly item: number; readonly readers: readonly Reader[] };

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
  readonly coverage: Coverage;
  readonly frames: HubFrames;
  readonly #onClosed: (client: SimulatedClient) => void;
  /** Clients that are to be told of a gap, with the latest time for it. */
  readonly #closing = new Map<SimulatedClient, number>();
  /** No client of `#closing` is due earlier. */
  #earliestCloseMs = Number.POSITIVE_INFINITY;
  /** Clients that the gateway cannot let in and must turn away in this step. */
  readonly #refused = new Set<SimulatedClient>();
  #passage: Passage | undefined;
  /** Clients that the frame under way has to reach, and how many it has reached. */
  readonly #expected: SimulatedClient[] = [];
  #reachedCount = 0;

  constructor({ setup, clock, sightings, coverage, frames, onClosed }: ClientWatchParts) {
    this.setup = setup;
    this.clock = clock;
    this.sightings = sightings;
    this.coverage = coverage;
    this.frames = frames;
    this.#onClosed = onClosed;
  }

  // --- what the oracles expect --------------------------------------------------------------------------------------

  /** it has missed something, and must be closed before long. */
  expectClose(client: SimulatedClient): void {
    if (this.#closing.has(client)) return;
    const latestMs = this.clock.now() + this.setup.gapSpreadMs + gapSlackMs;
    this.#closing.set(client, latestMs);
    this.#earliestCloseMs = Math.min(this.#earliestCloseMs, latestMs);
  }

  /** It waits for an upstream that the origin does not want: it is turned away at once. */
  expectRefusal(client: SimulatedClient): void {
    this.#refused.add(client);
  }

  /** The next frame reaches this client, too. */
  expect(client: SimulatedClient): void {
    if (client.isExpecting !== "nothing") return;
    client.isExpecting = "frame";
    this.#expected.push(client);
  }

  /** `frame` reaches the clients that `expect` has named, once, and nobody else (INV-1, INV-3, INV-5). */
  passFrame(frame: Frame, message: FrameMessage | undefined, act: () => void): void {
    this.#passage = { kind: "frame", frame, message };
    this.#reachedCount = 0;
    act();
    this.#passage = undefined;
    const isComplete = this.#reachedCount === this.#expected.length;
    for (const client of this.#expected) {
      if (!isComplete && client.isExpecting === "frame") {
        throw new Violation("INV-3", `${client.name} misses a ${message?.kind}`);
      }
      client.isExpecting = "nothing";
    }
    this.#expected.length = 0;
  }

  /** An item of a stream reaches these invocations, each under its own id. */
  passItem(item: number, readers: readonly Reader[], act: () => void): void {
    this.#passage = { kind: "item", item, readers };
    act();
    this.#passage = undefined;
    for (const reader of readers) {
      const { client, invocationId, hasItem } = reader;
      if (!hasItem) throw new Violation("INV-3", `${client.name} ${invocationId} misses an item`);
      reader.hasItem = false;
    }
  }

  gone(client: SimulatedClient): void {
    client.isGone = true;
    this.#closing.delete(client);
    this.#refused.delete(client);
    this.due.gone(client);
  }

  // --- what clients see ---------------------------------------------------------------------------------------------

  written(client: SimulatedClient, frame: SharedFrame): void {
    if (client.isGone) throw new Violation("INV-10", `${client.name} is gone and gets a message`);
    const passage = this.#passage;
    if (passage === undefined) throw new Violation("INV-1", `${client.name} gets a message out of nowhere`);
    if (passage.kind === "item") {
      this.#checkItem(client, frame.bytes, passage.item, passage.readers);
      return client.wire?.handOver(frame, undefined);
    }
    // Whoever keeps it for later has put it into memory of its own.
    if (frame.bytes !== passage.frame && !sameBytes(frame.bytes, passage.frame))
      throw new Violation("R-02", `${client.name} gets other bytes`);
    if (client.isExpecting === "nothing") throw new Violation("INV-1", `${client.name} gets what is not for it`);
    if (client.isExpecting === "no more") throw new Violation("INV-5", `${client.name} gets a message twice`);
    client.isExpecting = "no more";
    this.#reachedCount += 1;
    client.wire?.handOver(frame, passage.message);
  }

  completed(client: SimulatedClient, invocationId: string, payload: CompletionPayload): void {
    if (client.isGone) throw new Violation("INV-10", `${client.name} is gone and gets a completion`);
    this.due.settle(client, invocationId, payload);
    client.wire?.complete(invocationId);
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
    if (this.#refused.size > 0) this.#complainOfRefused();
    if (this.clock.now() > this.#earliestCloseMs) this.#checkClosing();
  }

  /** Faults are over and nothing is under way. */
  checkSettled(): void {
    this.due.checkNoneAsked();
    for (const client of this.#closing.keys()) throw new Violation("INV-4", `${client.name} has a gap and is not told`);
  }

  #checkItem(client: SimulatedClient, bytes: Frame, item: number, readers: readonly Reader[]): void {
    let rule = "INV-1";
    for (const reader of readers) {
      if (reader.client !== client) continue;
      rule = "R-02";
      if (!sameBytes(bytes, this.frames.itemFrame(Number(reader.invocationId), item))) continue;
      rule = "INV-5";
      if (reader.hasItem) continue;
      reader.hasItem = true;
      return;
    }
    throw new Violation(rule, `${client.name} gets an item twice, one that is not for it, or another one`);
  }

  #complainOfRefused(): void {
    for (const client of this.#refused) throw new Violation("INV-6", `${client.name} is not turned away`);
  }

  #checkClosing(): void {
    this.#earliestCloseMs = Number.POSITIVE_INFINITY;
    for (const [client, latestMs] of this.#closing) {
      if (this.clock.now() > latestMs) throw new Violation("INV-4", `${client.name} has a gap and is not told`);
      this.#earliestCloseMs = Math.min(this.#earliestCloseMs, latestMs);
    }
  }
}
