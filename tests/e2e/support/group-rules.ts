/** Rules for hub methods of the contract hub that `contractGroups` leaves out. Each claims `OddsChanged`: one to a hub. */

/** The snapshot comes as a message to the caller, before the completion. */
export const callerSnapshotGroup = {
  name: "event",
  access: "public",
  join: { method: "SubscribeWithCallerSnapshot", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [
    { target: "OddsChanged", key: "{0.eventId}" },
    { target: "EventSnapshot", key: "{0.eventId}", to: "joiner" },
  ],
};

/** The second argument of the join is the milliseconds that it takes. */
export const slowGroup = {
  name: "event",
  access: "public",
  join: { method: "SubscribeSlow", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [{ target: "OddsChanged", key: "{0.eventId}" }],
};

/** Joins and leaves lists of events. */
export const manyEventsGroup = {
  name: "event",
  access: "public",
  join: { method: "SubscribeMany", key: "{0[]}" },
  leave: { method: "UnsubscribeMany", key: "{0[]}" },
  messages: [{ target: "OddsChanged", key: "{0.eventId}" }],
};
