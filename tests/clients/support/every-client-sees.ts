import { expect } from "vitest";

/** The part of `Observations` that is the same for every client, version, transport and hub protocol. */
export const everyClientSees = {
  results: { sum: 5, echo: { list: [1, 2.5, null, true] }, null: null, big: 100_000, otherCase: 2 },
  errors: {
    hubException: { rejected: expect.stringMatching(/HubException: No luck today\.$/) },
    exception: { rejected: "An unexpected error occurred invoking 'Throw' on the server." },
    notAllowed: { rejected: "Failed to invoke 'Secret' because user is unauthorized" },
  },
  messages: { message: [1, "x", null], count: 20, beforeTheResult: Array.from({ length: 20 }, (_, number) => number) },
  streams: {
    completed: { items: [0, 1, 2, 3, 4], end: "completed" },
    failed: { items: [0, 1], end: "An error occurred on the server while streaming results." },
  },
  groups: { updates: { length: 5 }, textUpdates: { length: 1 }, withoutRule: [["hello"]] },
  end: { stopped: "stopped", lifecycle: [["closed", undefined]], atTheOrigin: null },
};
