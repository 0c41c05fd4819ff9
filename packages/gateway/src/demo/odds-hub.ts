import type { HubProtocolName } from "@signalr-edge/protocol";
import type { OddsBook } from "./odds-book.ts";
import type { HubDefinition } from "./server/hub-definition.ts";
import { HubException, ProtocolValue, stringArgument } from "./server/hub-definition.ts";

export const oddsHubPath = "/hubs/odds";
export const oddsTarget = "OddsChanged";

/** A hub as it would be written in C#: join a group, hand out a snapshot, and know nothing of gateways. */
export function createOddsHub(books: ReadonlyMap<string, OddsBook>): HubDefinition {
  const find = (eventId: unknown): OddsBook => {
    const book = books.get(stringArgument(eventId));
    if (book === undefined) throw new HubException(`There is no event ${eventId}.`);
    return book;
  };
  return {
    methods: {
      SubscribeToEvent: (context, eventId) => {
        const book = find(eventId);
        context.addToGroup(oddsGroup(book.eventId));
        // In the same turn as the join, so that no update falls between the two.
        return dotNetValue(book.snapshot());
      },
      UnsubscribeFromEvent: (context, eventId) => context.removeFromGroup(oddsGroup(find(eventId).eventId)),
    },
  };
}

export function oddsGroup(eventId: string): string {
  return `event:${eventId}`;
}

/** As .NET serializes an object: members begin with a small letter in JSON and with a capital in MessagePack. */
export function dotNetValue(value: object): ProtocolValue {
  return new ProtocolValue((protocol) => (protocol === "json" ? value : pascalCased(value)));
}

/** The name of a member of such a value on the wire. */
export function memberName(name: string, protocol: HubProtocolName): string {
  return protocol === "json" ? name : name.charAt(0).toUpperCase() + name.slice(1);
}

function pascalCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pascalCased);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [memberName(name, "messagepack"), pascalCased(member)]),
  );
}
