import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { hubProtocols } from "@signalr-edge/protocol";
import { type ProtocolValue, RawValue } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import type { HubServer } from "../../packages/gateway/src/demo/server/hub-server.ts";
import { hubPaths } from "../support/origin.ts";
import type { OriginControl, Publication, Published, RawPublication } from "../support/origin-control.ts";
import { doubleValue, longValue, recordValue } from "./dot-net-values.ts";
import { eventKinds } from "./kinds-of-values.ts";
import type { Ledger } from "./ledger.ts";
import { type EventPosition, eventGroup, type LiveEvents, textGroup } from "./live-events.ts";

/** Lets members read after so many messages. */
const messagesPerTurn = 32;

interface Paced {
  readonly count: number;
  readonly perSecond: number | undefined;
}

/** Sends to groups with consecutive sequence numbers. */
export class Publisher {
  readonly #server: HubServer;
  readonly #liveEvents: LiveEvents;
  readonly #ledger: Ledger;
  #broadcasts = 0;

  constructor(server: HubServer, liveEvents: LiveEvents, ledger: Ledger) {
    this.#server = server;
    this.#liveEvents = liveEvents;
    this.#ledger = ledger;
  }

  async publish(publication: Publication): Promise<Published> {
    const { hub = hubPaths.contract, eventId, key, count = 1, perSecond, payloadBytes = 0 } = publication;
    const payload = payloadBytes > 0 ? "x".repeat(payloadBytes) : undefined;
    const pace = { count, perSecond };
    if (eventId !== undefined && key === undefined) {
      const id = BigInt(eventId);
      const target = publication.target ?? "OddsChanged";
      return this.#publish(hub, eventGroup(id), target, pace, ({ sequence, secret }) =>
        recordValue({ eventId: longValue(id), sequence, secret, sentAt: doubleValue(nowMs()), payload }),
      );
    }
    if (key === undefined || eventId !== undefined) throw new Error("Give either eventId or key.");
    return this.#publish(hub, textGroup(key), publication.target ?? "TextChanged", pace, ({ sequence, secret }) =>
      recordValue({ key, sequence, secret, sentAt: doubleValue(nowMs()), payload }),
    );
  }

  publishKinds({ hub = hubPaths.contract, eventId }: Parameters<OriginControl["publishKinds"]>[0]): Promise<Published> {
    const id = BigInt(eventId);
    const once = { count: 1, perSecond: undefined };
    return this.#publish(hub, eventGroup(id), "KindsChanged", once, ({ sequence, secret }) =>
      eventKinds(longValue(id), sequence, secret),
    );
  }

  /** One `OddsChanged` for each member, with a secret of its own. */
  publishPersonal({ hub = hubPaths.contract, eventId }: Parameters<OriginControl["publishPersonal"]>[0]): void {
    const id = BigInt(eventId);
    const group = eventGroup(id);
    const { sequence } = this.#liveEvents.next(hub, group);
    this.#ledger.sent(group);
    for (const member of this.#ledger.membersOf(hub, group)) {
      const secret = `secret of ${member}`;
      const update = { eventId: longValue(id), sequence, secret, sentAt: doubleValue(nowMs()), payload: undefined };
      this.#server.clients(hub).client(member).send("OddsChanged", recordValue(update));
    }
  }

  /** Sends the arguments as they are, without a sequence number. */
  publishRaw({ hub = hubPaths.contract, eventId, target, arguments: array }: RawPublication): void {
    const group = eventGroup(BigInt(eventId));
    const protocol = hubProtocols[typeof array === "string" ? "json" : "messagepack"];
    const bytes = Buffer.from(array);
    const elements = protocol.elementRanges(bytes, { start: 0, end: bytes.length }, []);
    if (elements === undefined) throw new Error("The arguments must be an array.");
    const args = elements.map(({ start, end }) => new RawValue({ [protocol.name]: bytes.subarray(start, end) }));
    this.#ledger.sent(group);
    this.#server
      .clients(hub)
      .group(group)
      .send(target, ...args);
  }

  async broadcast(options: Parameters<OriginControl["broadcast"]>[0] = {}): Promise<Published> {
    const { hub = hubPaths.contract, count = 1, text = "" } = options;
    const first = this.#broadcasts + 1;
    this.#broadcasts += count;
    for (let sequence = first; sequence < first + count; sequence += 1) {
      const message = recordValue({ sequence, sentAt: doubleValue(nowMs()), text });
      this.#server.clients(hub).all.send("ServiceMessage", message);
      if (sequence % messagesPerTurn === 0) await setImmediate();
    }
    return { first, last: first + count - 1 };
  }

  async #publish(
    hub: string,
    group: string,
    target: string,
    { count, perSecond }: Paced,
    createMessage: (position: EventPosition) => ProtocolValue,
  ): Promise<Published> {
    const members = this.#server.clients(hub).group(group);
    const startedAt = performance.now();
    let [first, last] = [0, 0];
    for (let sent = 0; sent < count; sent += 1) {
      if (perSecond !== undefined) await waitUntil(startedAt + (sent / perSecond) * 1000);
      else if (sent % messagesPerTurn === messagesPerTurn - 1) await setImmediate();
      const position = this.#liveEvents.next(hub, group);
      this.#ledger.sent(group);
      members.send(target, createMessage(position));
      last = position.sequence;
      if (sent === 0) first = last;
    }
    return { first, last };
  }
}

async function waitUntil(time: number): Promise<void> {
  const wait = time - performance.now();
  if (wait > 0) await delay(wait);
}

/** Unix time in milliseconds, with fraction. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
