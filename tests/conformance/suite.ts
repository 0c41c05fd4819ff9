import { afterAll, beforeAll, describe } from "vitest";
import { authenticationCases, tokenCases } from "./cases/authentication-cases.ts";
import { clientResultCases } from "./cases/client-result-cases.ts";
import { closeCases } from "./cases/close-cases.ts";
import { connectionContextCases } from "./cases/connection-context-cases.ts";
import { endCases, webSocketCutCases } from "./cases/end-cases.ts";
import { endpointCases } from "./cases/endpoint-cases.ts";
import { eventStreamCases } from "./cases/event-stream-cases.ts";
import { groupCases, mixedCases } from "./cases/group-cases.ts";
import { handshakeCases } from "./cases/handshake-cases.ts";
import { invocationCases } from "./cases/invocation-cases.ts";
import { jsonCases } from "./cases/json-cases.ts";
import { jsonErrorCases } from "./cases/json-error-cases.ts";
import { messagePackCases } from "./cases/messagepack-cases.ts";
import { messagePackValueCases } from "./cases/messagepack-value-cases.ts";
import { negotiateCases } from "./cases/negotiate-cases.ts";
import { pollingCases } from "./cases/polling-cases.ts";
import { postingCases } from "./cases/posting-cases.ts";
import { statefulCases } from "./cases/stateful-cases.ts";
import { streamCases } from "./cases/stream-cases.ts";
import { transportCases } from "./cases/transport-cases.ts";
import { unknownMessageCases } from "./cases/unknown-message-cases.ts";
import { uploadCases } from "./cases/upload-cases.ts";
import { webSocketCases } from "./cases/websocket-cases.ts";
import { webSocketEndCases } from "./cases/websocket-end-cases.ts";
import { SuiteContext } from "./suite-context.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";

/**
 * The behaviour that clients rely on, numbered as in the conformance checklist. `connect` starts the target once for
 * the whole suite, which stops it at the end. Everything is proved against ASP.NET Core itself first (direct.test.ts):
 * where the two disagree, the suite is wrong.
 */
export function conformanceSuite(name: string, connect: () => Promise<SuiteTarget>, traits: SuiteTraits): void {
  describe(name, () => {
    const suite = new SuiteContext(traits);
    beforeAll(async () => {
      suite.target = await connect();
    });
    afterAll(() => suite.target.stop());

    describe("negotiate", () => negotiateCases(suite));
    describe("endpoint", () => endpointCases(suite));
    if (traits.transports.includes("ServerSentEvents")) describe("Server-Sent Events", () => eventStreamCases(suite));
    if (traits.transports.includes("LongPolling")) {
      describe("long polling", () => pollingCases(suite));
      describe("POST", () => postingCases(suite));
    }
    describe("authentication", () => authenticationCases(suite));
    describe("all transports together", () => mixedCases(suite));
    if (traits.transports.includes("WebSockets")) webSocketOnlyCases(suite);
    for (const leg of suite.legs) {
      describe(`${leg.protocol} over ${leg.transport}`, () => {
        transportCases(suite, leg);
        invocationCases(suite, leg);
        streamCases(suite, leg);
        uploadCases(suite, leg);
        clientResultCases(suite, leg);
        closeCases(suite, leg);
        connectionContextCases(suite, leg);
        unknownMessageCases(suite, leg);
        groupCases(suite, leg);
        tokenCases(suite, leg);
        endCases(suite, leg);
      });
    }
  });
}

function webSocketOnlyCases(suite: SuiteContext): void {
  const { protocols } = suite.traits;
  describe("WebSocket", () => {
    webSocketCases(suite);
    webSocketEndCases(suite);
    webSocketCutCases(suite);
  });
  describe("handshake", () => handshakeCases(suite));
  if (suite.traits.variants) describe("stateful reconnect", () => statefulCases(suite));
  if (protocols.includes("json")) {
    describe("JSON frames", () => {
      jsonCases(suite);
      jsonErrorCases(suite);
    });
  }
  if (protocols.includes("messagepack")) {
    describe("MessagePack frames", () => {
      messagePackCases(suite);
      messagePackValueCases(suite);
    });
  }
}
