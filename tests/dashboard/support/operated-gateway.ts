import { onTestFinished } from "vitest";
import { type ConfiguredGateway, contractHub, startConfigured } from "../../e2e/support/configured-gateway.ts";
import { resultOf } from "../../e2e/support/invoke.ts";
import { startNodeOrigin } from "../../origin-node/start-node-origin.ts";
import { hubPaths, type Origin } from "../../support/origin.ts";
import { RawClient } from "../../support/raw-client.ts";
import { contractGroups } from "../../support/start-gateway.ts";

/** A gateway with group rules in front of an origin of its own, both gone with the test. */
export interface OperatedGateway extends ConfiguredGateway {
  readonly origin: Origin;
  connect(): Promise<RawClient>;
  /** A client in the text group of this key. */
  joinText(key: string): Promise<RawClient>;
}

export async function startOperated(admin: object = {}): Promise<OperatedGateway> {
  const origin = await startNodeOrigin();
  onTestFinished(() => origin.stop());
  const hubs = [contractHub(origin.hubUrl(hubPaths.contract), { groups: contractGroups })];
  const started = await startConfigured({ hubs, admin });
  onTestFinished(() => started.gateway.stop());
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect({ url: `${started.url}${hubPaths.contract}` });
    onTestFinished(() => client.close());
    return client;
  };
  return {
    ...started,
    origin,
    connect,
    joinText: async (key) => {
      const client = await connect();
      await resultOf(client, "1", "SubscribeText", key);
      return client;
    },
  };
}
