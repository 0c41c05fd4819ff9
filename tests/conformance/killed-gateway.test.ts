import type { HubConnection } from "@microsoft/signalr";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildCommand } from "../support/command.ts";
import { startGatewayProcess } from "../support/gateway-process.ts";
import { MessageLog } from "../support/message-log.ts";
import { hubPaths } from "../support/origin.ts";
import { buildRealClient } from "../support/real-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type Leg, SuiteContext } from "./suite-context.ts";
import { gatewayTraits, ownProcesses } from "./targets.ts";

const { legs } = new SuiteContext(gatewayTraits);
const eventId = 251;
const patienceMs = 30_000;

/** One member of the event's group, and what happens to it. */
interface Member {
  readonly connection: HubConnection;
  readonly updates: MessageLog;
  readonly lifecycle: string[];
}

/** Q251: two gateways in processes of their own behind a balancer, which knows no sessions and skips who does not answer. */
describe.skipIf(!ownProcesses)("a gateway that is killed", () => {
  beforeAll(buildCommand);

  for (const [what, rules] of [
    ["without rules", {}],
    ["with group rules", { groups: contractGroups }],
  ] as const) {
    test(`Q251 its clients reconnect to the other gateway, whose own clients notice nothing, ${what}`, {
      timeout: 60_000,
    }, async () => {
      const origin = await startAspNetOrigin();
      onTestFinished(() => origin.stop("SIGKILL"));
      const hubs = { [hubPaths.contract]: rules };
      const [killed, other] = [
        await startGatewayProcess({ origin, hubs }),
        await startGatewayProcess({ origin, hubs }),
      ];
      onTestFinished(() => killed.stop("SIGKILL"));
      onTestFinished(() => other.stop("SIGKILL"));
      const balancer = await startTcpProxy(killed.url, other.url);
      onTestFinished(() => balancer.stop());
      const moving = await Promise.all(legs.map((leg) => join(leg, balancer.url)));
      const staying = await Promise.all(legs.map((leg) => join(leg, other.url)));
      const ids = moving.map(({ connection }) => connection.connectionId);

      const publishing = origin.control.publish({ eventId, count: 1000, perSecond: 500 });
      await Promise.all([...moving, ...staying].map(({ updates }) => updates.waitForCount(100, patienceMs)));
      await killed.stop("SIGKILL");
      await Promise.all(moving.map((member) => comeBack(member)));
      const { first, last } = await publishing;

      const all = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      for (const { updates, lifecycle } of staying) {
        expect((await updates.waitForCount(all.length, patienceMs)).map(sequenceOf)).toEqual(all);
        expect(lifecycle).toEqual([]);
      }
      for (const [index, { connection, lifecycle }] of moving.entries()) {
        expect(lifecycle).toEqual(["reconnecting", "reconnected"]);
        expect(connection.connectionId).not.toBe(ids[index]);
      }
      const { last: afterwards } = await origin.control.publish({ eventId });
      for (const { updates } of [...moving, ...staying]) {
        await updates.waitFor((update) => sequenceOf(update) === afterwards, patienceMs);
      }
    });
  }
});

async function join({ transport, protocol }: Leg, gatewayUrl: string): Promise<Member> {
  const url = `${gatewayUrl}${hubPaths.contract}`;
  const connection = buildRealClient({ url, transport, protocol, reconnectDelaysMs: [0, 100, 1000] });
  onTestFinished(() => connection.stop());
  const lifecycle: string[] = [];
  connection.onreconnecting(() => lifecycle.push("reconnecting"));
  connection.onreconnected(() => lifecycle.push("reconnected"));
  connection.onclose(() => lifecycle.push("closed"));
  const updates = new MessageLog(connection, "OddsChanged");
  await connection.start();
  await connection.invoke("Subscribe", eventId);
  return { connection, updates, lifecycle };
}

/** As an application does: it joins again when it is back. */
async function comeBack({ connection, lifecycle }: Member): Promise<void> {
  if (!lifecycle.includes("reconnected")) {
    await new Promise<void>((resolve, reject) => {
      connection.onreconnected(() => resolve());
      connection.onclose((error) => reject(error ?? new Error("the client was closed instead of reconnecting")));
    });
  }
  await connection.invoke("Subscribe", eventId);
}

/** JSON clients see `sequence`, MessagePack clients the name as it is declared. */
function sequenceOf([update]: readonly unknown[]): number {
  const { sequence, Sequence } = update as { readonly sequence?: number; readonly Sequence?: number };
  return Number(sequence ?? Sequence);
}
