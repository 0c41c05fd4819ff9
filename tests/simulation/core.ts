import { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { SharedLine } from "../../packages/gateway/src/aggregation/shared-line.ts";
import { SpreadCloser } from "../../packages/gateway/src/aggregation/spread-closer.ts";
import { PendingInvocations } from "../../packages/gateway/src/upstream/pending-invocations.ts";

/** What is put to the test: the gateway's own classes, or broken copies of them. */
export interface Core {
  readonly Hub: typeof Hub;
  readonly SharedLine: typeof SharedLine;
  readonly SpreadCloser: typeof SpreadCloser;
  readonly PendingInvocations: typeof PendingInvocations;
}

export const core: Core = { Hub, SharedLine, SpreadCloser, PendingInvocations };
