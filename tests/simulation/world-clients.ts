import type { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import type { CannedFrame } from "./canned-frame.ts";
import { ClientWire } from "./client-wire.ts";
import { joinRequests, leaveRequests, topicAt, topics } from "./hub-contract.ts";
import { type HubFrames, hubFrames } from "./hub-frames.ts";
import { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedTurn } from "./simulated-turn.ts";
import type { Step } from "./steps.ts";
import { Violation } from "./violation.ts";
import type { Ground, WorldLines } from "./world-lines.ts";
import type { WorldParts } from "./world-parts.ts";

/** What a client does, or what is done to it. */
export type ClientStep = Extract<Step, { readonly client: number }>;

/** The clients of the simulated hub. */
export class WorldClients {
  readonly #parts: WorldParts;
  readonly #hub: Hub;
  readonly #lines: WorldLines;
  readonly #turn: SimulatedTurn;
  /** By slot. */
  readonly #clients: (SimulatedClient | undefined)[] = [];
  #clientCount = 0;

  constructor(parts: WorldParts, hub: Hub, lines: WorldLines, turn: SimulatedTurn) {
    this.#parts = parts;
    this.#hub = hub;
    this.#lines = lines;
    this.#turn = turn;
  }

  apply(step: ClientStep): void {
    switch (step.do) {
      case "connect":
        return this.#connect(step.client, step.request);
      case "vanish":
        return this.#vanish(step.client);
      case "query":
        return this.#query(step.client, step.query);
      case "stream":
        return this.#stream(step.client, step.stream);
      case "cancel":
        return this.#cancel(step.client, step.pick);
      case "join":
        return this.#join(step.client, step.request, step.answered);
      case "leave":
        return this.#leave(step.client, step.request, step.answered);
      case "private":
        return this.#private(step.client, step.topic);
      case "stall":
        return this.#clients[step.client]?.wire?.stall();
      case "read":
        return this.#clients[step.client]?.wire?.read(step.bytes ?? Number.POSITIVE_INFINITY);
    }
  }

  vanishAll(): void {
    for (const slot of this.#clients.keys()) this.#vanish(slot);
  }

  checkSettled(): void {
    for (const client of this.#clients) client?.wire?.checkSettled();
  }

  #connect(slot: number, request: number | undefined): void {
    if (this.#clients[slot] !== undefined) return;
    this.#clientCount += 1;
    const ground = this.#lines.groundAt(slot);
    const { oracle } = ground;
    const { protocol, partition } = ground.client;
    const client = new SimulatedClient({ slot, number: this.#clientCount, protocol, partition, watch: oracle.watch });
    this.#clients[slot] = client;
    this.#lay(client);
    oracle.broadcasts.arrives(client);
    this.#hub.connect(client, () => {
      oracle.broadcasts.proceeds(client, this.#lines.isPrimaryOpen(ground));
      client.isConnected = true;
      if (request === undefined) return;
      this.#parts.sightings.eagerJoins += 1;
      this.#join(slot, request, true);
    });
    oracle.checkStep();
  }

  #vanish(slot: number): void {
    const client = this.#clients[slot];
    if (client !== undefined) this.gone(client);
  }

  /** Both for a client that goes and for one that is closed: a closed connection tells the hub the same. */
  gone(client: SimulatedClient): void {
    this.#clients[client.slot] = undefined;
    this.#lines.groundAt(client.slot).oracle.gone(client);
    client.wire?.close();
    this.#hub.clientGone(client);
  }

  #lay(client: SimulatedClient): void {
    const { core, setup, sightings, clock, metrics } = this.#parts;
    if (setup.slow === undefined) return;
    const onCut = (): void => this.gone(client);
    client.wire = new ClientWire({
      client,
      core,
      setup: setup.slow,
      turn: this.#turn,
      clock,
      metrics,
      sightings,
      onCut,
    });
  }

  sweep(): void {
    for (const client of this.#clients) client?.wire?.sweepClient();
  }

  /** Clients read everything from now on. */
  letRead(): void {
    this.#turn.end();
    for (const client of this.#clients) client?.wire?.read(Number.POSITIVE_INFINITY);
    this.sweep();
    this.#turn.end();
  }

  #join(slot: number, index: number, answered: boolean): void {
    const client = this.#connected(slot);
    const request = joinRequests[index];
    if (client === undefined || request === undefined) return;
    const id = answered ? client.nextInvocationId() : 0;
    const { oracle } = this.#lines.groundAt(slot);
    oracle.asks(client, request, idText(id));
    this.#receive(client, framesOf(client).join(index, id));
  }

  #leave(slot: number, index: number, answered: boolean): void {
    const client = this.#connected(slot);
    const request = leaveRequests[index];
    if (client === undefined || request === undefined) return;
    const id = answered ? client.nextInvocationId() : 0;
    const { oracle } = this.#lines.groundAt(slot);
    oracle.leaves(client, request.topics, idText(id));
    this.#receive(client, framesOf(client).leave(index, id));
  }

  #query(slot: number, query: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const id = client.nextInvocationId();
    const { oracle } = this.#lines.groundAt(slot);
    oracle.queries.asks(client, query, String(id), oracle.isFull(client, 1));
    this.#receive(client, framesOf(client).query(query, id));
  }

  #stream(slot: number, stream: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const id = client.nextInvocationId();
    const { oracle } = this.#lines.groundAt(slot);
    oracle.streams.opens(client, stream, String(id), oracle.isFull(client, 1));
    this.#receive(client, framesOf(client).stream(stream, id));
  }

  #cancel(slot: number, pick: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const { streams } = this.#lines.groundAt(slot).oracle;
    const invocationId = streams.readBy(client, pick);
    if (invocationId === undefined) return;
    streams.cancels(client, invocationId);
    this.#receive(client, framesOf(client).cancel(0, Number(invocationId)));
  }

  #connected(slot: number): SimulatedClient | undefined {
    const client = this.#clients[slot];
    return client?.isConnected === true ? client : undefined;
  }

  #receive(client: SimulatedClient, { bytes, envelope }: CannedFrame): void {
    const { clients } = this.#parts.chunks;
    const frame = clients.place(bytes);
    this.#hub.receiveFromClient(client, envelope, frame);
    clients.spoil(frame);
    this.#lines.groundAt(client.slot).oracle.checkStep();
  }

  /** a copy on the client's own upstream is news exactly if the client is no member, or gets no other copy. */
  #private(slot: number, topic: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const ground = this.#lines.groundAt(slot);
    const { bytes, envelope } = framesOf(client).copy(0, topic);
    const isNews = this.#hub.receiveFromPrivateUpstream(client, envelope, bytes);
    const isCopy = this.#hasCopy(ground, client, topic);
    if (isCopy) this.#parts.sightings.privateCopies += 1;
    if (isNews === isCopy) {
      throw new Violation("R-13", `${client.name} ${isCopy ? "has" : "lacks"} what came of topic ${topic}`);
    }
  }

  #hasCopy(ground: Ground, client: SimulatedClient, topic: number): boolean {
    const { oracle } = ground;
    if (topic >= topics.length) return this.#lines.isPrimaryOpen(ground) && oracle.broadcasts.isFollower(client);
    // Without a key nothing tells it from a message for this client alone.
    return !this.#parts.setup.perKey.includes(topicAt(topic).rule) && oracle.isMember(client, topic);
  }
}

function framesOf({ protocol }: SimulatedClient): HubFrames {
  return hubFrames[protocol.name];
}

/** 0: nobody waits for an answer. */
function idText(id: number): string | undefined {
  return id === 0 ? undefined : String(id);
}
