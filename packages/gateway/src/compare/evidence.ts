import type { HubProtocol } from "@signalr-edge/protocol";
import type { InvocationView, MessageView } from "./client-view.ts";
import type { PairViews } from "./compare-pair.ts";

/** A message as a direct client got it. */
export interface Sighting extends Pick<MessageView, "entry" | "memberships" | "during"> {
  readonly pair: number;
  readonly protocol: HubProtocol;
}

/** Enough to tell what a target is about. */
const maxSightings = 400;

/** What direct clients saw of each target in the whole run: from this follows what a rule should say. */
export class Evidence {
  readonly #sightings = new Map<string, Sighting[]>();
  /** By target: messages that every direct client got, and others. */
  readonly #reach = new Map<string, { everybody: number; some: number }>();

  /** All pairs of one pass. */
  add(pairs: readonly (PairViews & { readonly pair: number })[]): void {
    const receivers = new Map<
      string,
      { readonly target: string; readonly protocol: string; readonly pairs: Set<number> }
    >();
    for (const { pair, direct, control } of pairs) {
      for (const { protocol, messages } of [direct, control]) {
        for (const message of messages) this.#addSighting(message, pair, protocol);
      }
      for (const { target, entry } of direct.messages) {
        const form = `${direct.protocol.name} ${entry.frame.toString("latin1")}`;
        const known = receivers.get(form) ?? { target, protocol: direct.protocol.name, pairs: new Set() };
        known.pairs.add(pair);
        receivers.set(form, known);
      }
    }
    for (const { target, protocol, pairs: reached } of receivers.values()) {
      const all = pairs.filter(({ direct }) => direct.protocol.name === protocol).length;
      const reach = this.#reach.get(target) ?? { everybody: 0, some: 0 };
      if (reached.size === all) reach.everybody += 1;
      else reach.some += 1;
      this.#reach.set(target, reach);
    }
  }

  sightingsOf(target: string): readonly Sighting[] {
    return this.#sightings.get(target) ?? [];
  }

  /** Whether most messages of the target reached every direct client. */
  reachesEverybody(target: string): boolean {
    const { everybody, some } = this.#reach.get(target) ?? { everybody: 0, some: 0 };
    return everybody > some;
  }

  /** Whether direct clients get the target only while the hub works on a method of their own, and which one. */
  onlyDuring(target: string, isMethod: (invocation: InvocationView) => boolean): boolean {
    const sightings = this.sightingsOf(target);
    return sightings.length > 0 && sightings.every(({ during }) => during !== undefined && isMethod(during));
  }

  #addSighting({ target, entry, memberships, during }: MessageView, pair: number, protocol: HubProtocol): void {
    const known = this.#sightings.get(target) ?? [];
    if (known.length < maxSightings) known.push({ entry, memberships, during, pair, protocol });
    this.#sightings.set(target, known);
  }
}
