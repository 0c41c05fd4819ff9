import { setTimeout as delay } from "node:timers/promises";
import type { HubContext, ProtocolValue } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { HubException } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import type { ContractMethods } from "./contract-method.ts";
import { contractMethod, int, long, longs, text } from "./contract-method.ts";
import { arrayValue } from "./dot-net-values.ts";
import type { Ledger } from "./ledger.ts";
import type { EventPosition, LiveEvents } from "./live-events.ts";
import { eventGroup, eventSnapshot, textGroup, textSnapshot } from "./live-events.ts";

const message = "Message";

/** Groups and addressees that are open to every client, and subscriptions in the shapes that hubs use. */
export function groupMethods(hub: string, ledger: Ledger, liveEvents: LiveEvents): ContractMethods {
  const join = (context: HubContext, group: string): EventPosition => {
    if (liveEvents.isClosed(hub, group)) throw new HubException(`${group} is closed.`);
    context.addToGroup(group);
    ledger.joined(hub, context, group);
    return liveEvents.position(hub, group);
  };
  const leave = (context: HubContext, group: string): void => {
    context.removeFromGroup(group);
    ledger.left(hub, context, group);
  };
  const subscribe = (context: HubContext, eventId: bigint): ProtocolValue =>
    eventSnapshot(eventId, join(context, eventGroup(eventId)));

  return {
    Join: contractMethod([text], (context, group) => void join(context, group)),
    Leave: contractMethod([text], leave),
    SendGroup: contractMethod([text, text], ({ clients }, group, words) => clients.group(group).send(message, words)),
    SendGroups: contractMethod([text, text, text], ({ clients }, first, second, words) =>
      clients.groups([first, second]).send(message, words),
    ),
    SendOthers: contractMethod([text], ({ clients }, words) => clients.others.send(message, words)),
    SendAll: contractMethod([text], ({ clients }, words) => clients.all.send(message, words)),
    SendUser: contractMethod([text, text], ({ clients }, user, words) => clients.user(user).send(message, words)),

    Subscribe: contractMethod([long], subscribe),
    SubscribeWithCallerSnapshot: contractMethod([long], (context, eventId) =>
      context.clients.caller.send("EventSnapshot", subscribe(context, eventId)),
    ),
    SubscribeMany: contractMethod([longs], (context, eventIds) =>
      arrayValue(eventIds.map((eventId) => subscribe(context, eventId))),
    ),
    SubscribeFails: contractMethod([long], (_context, eventId) => {
      throw new HubException(`Event ${eventId} is closed.`);
    }),
    /** A member at once, the snapshot only later. */
    SubscribeSlow: contractMethod([long, int], async (context, eventId, ms) => {
      context.addToGroup(eventGroup(eventId));
      await delay(ms);
      return subscribe(context, eventId);
    }),
    SubscribeVip: contractMethod([long], subscribe, { roles: ["vip"] }),
    Unsubscribe: contractMethod([long], (context, eventId) => leave(context, eventGroup(eventId))),
    UnsubscribeMany: contractMethod([longs], (context, eventIds) => {
      for (const eventId of eventIds) leave(context, eventGroup(eventId));
    }),
    SubscribeText: contractMethod([text], (context, key) => textSnapshot(key, join(context, textGroup(key)))),
    UnsubscribeText: contractMethod([text], (context, key) => leave(context, textGroup(key))),
  };
}
