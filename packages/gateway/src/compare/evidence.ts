import type { HubProtocol } from "@signalr-edge/protocol";
import type { ClientView, InvocationView, MessageView } from "./client-view.ts";
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
    for (const { pair, direct, control } of pairs) {
      for (const { protocol, messages } of [direct, control]) {
        for (const message of messages) this.#addSighting(message, pair, protocol);
      }
    }
    for (const protocol of ["json", "messagepack"]) {
      this.#addReach(pairs.map(({ direct }) => direct).filter((direct) => direct.protocol.name === protocol));
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

  /** How far messages get: of clients with one hub protocol, in the time in which all of them were connected. */
  #addReach(clients: readonly ClientView[]): void {
    const times = clients.map(({ recording }) => recording.entries.map(({ atMs }) => atMs));
    const fromMs = Math.max(...times.map((list) => list[0] ?? 0));
    const untilMs = Math.min(...times.map((list) => list.at(-1) ?? 0));
    const receivers = new Map<string, { readonly target: string; readonly clients: Set<ClientView> }>();
    for (const client of clients) {
      for (const { target, entry } of client.messages) {
        if (entry.atMs < fromMs || entry.atMs > untilMs) continue;
        const form = entry.frame.toString("latin1");
        const known = receivers.get(form) ?? { target, clients: new Set() };
        known.clients.add(client);
        receivers.set(form, known);
      }
    }
    for (const { target, clients: reached } of receivers.values()) {
      const reach = this.#reach.get(target) ?? { everybody: 0, some: 0 };
      if (reached.size === clients.length) reach.everybody += 1;
      else reach.some += 1;
      this.#reach.set(target, reach);
    }
  }

  #addSighting({ target, entry, memberships, during }: MessageView, pair: number, protocol: HubProtocol): void {
    const known = this.#sightings.get(target) ?? [];
    if (known.length < maxSightings) known.push({ entry, memberships, during, pair, protocol });
    this.#sightings.set(target, known);
  }
}
