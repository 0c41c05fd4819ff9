import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRaw } from "../support/connect-raw.ts";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import { type Leg, SuiteContext } from "./suite-context.ts";
import type { SuiteTarget } from "./suite-target.ts";
import { connectDirectly, connectThroughGateway, gatewayTraits, ownProcesses } from "./targets.ts";
import { transcriptScript } from "./transcript-script.ts";

const groupRules = { groups: contractGroups, forwardHeaders: ["*"] };

// Each target has an origin of its own and sees the same runs in the same order: origins number the questions that they
// ask clients.
describe.skipIf(!ownProcesses)("what a client receives in 50 interactions", () => {
  let direct: SuiteTarget;
  let gateway: SuiteTarget;
  let sharing: SuiteTarget;
  beforeAll(async () => {
    direct = await connectDirectly();
    gateway = await connectThroughGateway(await startAspNetOrigin());
    sharing = await connectThroughGateway(await startAspNetOrigin(), groupRules);
  });
  afterAll(() => Promise.all([direct.stop(), gateway.stop(), sharing.stop()]));

  test("the script has 50 interactions", () => {
    expect(transcriptScript("any")).toHaveLength(50);
  });

  const { legs } = new SuiteContext(gatewayTraits);
  for (const leg of legs) {
    test(`is the same through the gateway, byte for byte, in ${leg.protocol} over ${leg.transport}`, async () => {
      const expected = await transcriptOf(direct, leg);
      expect(await transcriptOf(gateway, leg)).toEqual(expected);
      expect(await transcriptOf(sharing, leg)).toEqual(expected);
    });
  }
});

/** Every frame but pings, as a client received them, and how the transport ended. */
async function transcriptOf({ url }: SuiteTarget, leg: Leg): Promise<readonly string[]> {
  const client = await connectRaw(leg.transport, {
    url: `${url}${hubPaths.contract}?room=7`,
    protocol: leg.protocol,
    headers: { authorization: "Bearer user:ann:vip", "x-tenant": "y" },
  });
  let frameCount = 0;
  const script = transcriptScript(`transcript ${leg.protocol} ${leg.transport}`);
  for (const [index, { messages, frameCount: more }] of script.entries()) {
    client.sendMessages(...messages(client));
    frameCount += more;
    const last = frameCount - 1;
    await client.log.until(() => client.frames[last], `the last frame of interaction ${index}`);
  }
  const { code } = await client.closed;
  const handshake = await client.handshakeResponse();
  return [handshake, ...client.frames].map((frame) => client.wire.describe(frame)).concat(String(code));
}
