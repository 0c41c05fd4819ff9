import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";

/** Those that an endpoint may send (RFC 6455 section 7.4). */
const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4999];

describe.skipIf(!aspNetOriginAvailable)("a client's WebSocket close", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs: { [hubPaths.detailed]: { groups: contractGroups } } });
  });
  afterAll(() => edge.stop());

  /** What the other side answers a Close with. */
  async function answerTo(
    url: string,
    code: number,
    reason?: string,
  ): Promise<readonly [code: number, reason: string]> {
    const webSocket = new WebSocket(url.replace("http", "ws"));
    await once(webSocket, "open");
    webSocket.send('{"protocol":"json","version":1}\u001e');
    await once(webSocket, "message");
    webSocket.close(code, reason);
    const [answered, text] = await once(webSocket, "close");
    return [answered, String(text)];
  }

  for (const code of codes) {
    test.concurrent(`with ${code} is answered as the origin answers it, with and without a reason, shared or not`, async () => {
      for (const reason of [undefined, "so long"]) {
        const direct = await answerTo(edge.origin.hubUrl(hubPaths.contract), code, reason);
        expect(direct).toEqual([1000, ""]);
        expect(await answerTo(edge.hubUrl(hubPaths.contract), code, reason)).toEqual(direct);
        expect(await answerTo(edge.hubUrl(hubPaths.detailed), code, reason)).toEqual(direct);
      }
    });
  }
});
