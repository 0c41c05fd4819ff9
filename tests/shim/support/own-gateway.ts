import { onTestFinished } from "vitest";
import type { Origin } from "../../support/origin.ts";
import { startGateway, type TestGateway } from "../../support/start-gateway.ts";

/** A gateway in front of the origin for one test, which may stop it. Every hub is transparent. */
export async function startOwnGateway(origin: Origin): Promise<TestGateway> {
  const gateway = await startGateway({ origin });
  onTestFinished(() => gateway.stop());
  return gateway;
}
