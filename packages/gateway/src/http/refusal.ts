import { writeNegotiateResponse } from "@signalr-edge/protocol";
import type { NegotiateOutcome } from "../upstream/upstream-negotiate.ts";
import { answers, type HttpAnswer, plainText } from "./http-answer.ts";

/** Status and body of the origin as they are; its silence as a short 502. */
export function refusal(outcome: Exclude<NegotiateOutcome, { kind: "accepted" }>): HttpAnswer {
  switch (outcome.kind) {
    case "refused": {
      const { status, contentType, body, challenge } = outcome;
      return { status, contentType, body, ...(challenge && { headers: { "www-authenticate": challenge } }) };
    }
    case "error":
      return negotiateAnswer(outcome);
    case "unreachable":
      return outcome.redirectHost === undefined ? answers.originUnreachable : answers.redirectRefused;
  }
}

export function negotiateAnswer(response: Parameters<typeof writeNegotiateResponse>[0]): HttpAnswer {
  return { ...plainText(200, writeNegotiateResponse(response)), contentType: "application/json" };
}
