import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConfiguredGateway, contractHub, startConfigured } from "../e2e/support/configured-gateway.ts";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { type WebSocketVector, webSocketVectors } from "./websocket-vectors.ts";

let origin: Origin;
let edge: ConfiguredGateway;

beforeAll(async () => {
  origin = await startNodeOrigin();
  edge = await startConfigured({ hubs: [contractHub(origin.hubUrl(hubPaths.contract))] });
});
afterAll(async () => {
  await edge.gateway.stop();
  await origin.stop();
});

/**
 * Sends the bytes behind an upgrade of their own. `answered`: the hub took the handshake in them; a Close frame that follows it
 * is what counts where one must come.
 */
async function outcomeOf({ bytes, expected }: WebSocketVector): Promise<number | "answered" | "ended"> {
  const { socket, head } = await askUpgrade(edge.url + hubPaths.contract).then((answer) => {
    if (answer.socket === undefined) throw new Error(`the upgrade was refused with ${answer.status}`);
    return answer as Extract<typeof answer, { readonly status: 101 }>;
  });
  let received = head;
  try {
    return await new Promise((resolve) => {
      const look = (): void => {
        const outcomes = outcomesIn(received);
        const outcome = expected === "answered" ? outcomes[0] : outcomes.find((one) => one !== "answered");
        if (outcome !== undefined) resolve(outcome);
      };
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        look();
      });
      socket.on("close", () => resolve("ended"));
      socket.write(bytes);
    });
  } finally {
    socket.destroy();
  }
}

/** What the frames of the server say, whose frames here are all short: pongs and pings say nothing. */
function outcomesIn(received: Buffer): (number | "answered")[] {
  const outcomes: (number | "answered")[] = [];
  for (let at = 0; at + 1 < received.length; ) {
    const end = at + 2 + (received[at + 1] ?? 0);
    if (end > received.length) break;
    const opcode = (received[at] ?? 0) & 0x0f;
    if (opcode === 8) outcomes.push(received.readUInt16BE(at + 2));
    if (opcode === 1 && received.toString("utf8", at + 2, end).startsWith("{}\u001e")) outcomes.push("answered");
    at = end;
  }
  return outcomes;
}

test("there are 300 vectors or more, no two alike", () => {
  expect(new Set(webSocketVectors.map(({ name }) => name)).size).toBe(webSocketVectors.length);
  expect(webSocketVectors.length).toBeGreaterThanOrEqual(300);
});

describe.each([...new Set(webSocketVectors.map(({ section }) => section))])("RFC 6455, section %s", (section) => {
  const vectors = webSocketVectors.filter((vector) => vector.section === section);
  test.concurrent.each(vectors)("$name: $expected", async (vector: WebSocketVector) => {
    expect(await outcomeOf(vector)).toBe(vector.expected);
  });
});
