import type { Advice, Case } from "./advice.ts";
import { adviseAnswer } from "./advise-answer.ts";
import { adviseMessage } from "./advise-message.ts";
import type { ConnectionDifference, Difference } from "./difference.ts";

/** What to change because of a difference. */
export function advise(facts: Case, difference: Difference): Advice {
  switch (difference.about) {
    case "message":
      return adviseMessage(facts, difference);
    case "answer":
      return adviseAnswer(facts, difference);
    case "connection":
      return adviseConnection(facts, difference);
  }
}

function adviseConnection({ hubPath, hub }: Case, { kind, direct, gateway }: ConnectionDifference): Advice {
  if (kind === "refused" && gateway !== undefined) {
    return {
      path: `${hubPath}.authentication`,
      message: `the gateway refuses a client that the origin ${direct === undefined ? "lets in" : "refuses in other words"}: ${gateway}; with authentication: origin the origin decides (now: ${typeof hub.authentication === "string" ? hub.authentication : "jwt"})`,
    };
  }
  if (kind === "refused" && hub.privateUpstream !== "eager") {
    return {
      path: `${hubPath}.privateUpstream`,
      message: `the hub refuses a client (${direct}) when it connects, in OnConnectedAsync, and with ${hub.privateUpstream} the gateway lets it in without asking the hub; write eager`,
    };
  }
  if (kind === "refused") {
    return {
      path: `${hubPath}.authentication`,
      message: `the gateway lets in a client that the origin refuses (${direct}); with authentication: origin the origin decides`,
    };
  }
  if (kind === "reconnected" && gateway !== undefined) {
    return {
      path: `${hubPath}.groups`,
      message: `the gateway let its client reconnect (${gateway}); after a gap onGap: close does that, and rejoin or ignore do not. The log of the gateway says what happened (upstream.closed)`,
    };
  }
  const [who, why] = gateway === undefined ? ["the origin's", direct] : ["the gateway's", gateway];
  return {
    path: hubPath,
    message: `only ${who} client was cut off: ${why}; the log of the gateway says why (client.closed)`,
  };
}
