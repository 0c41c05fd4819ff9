import { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { LineTable } from "../../packages/gateway/src/aggregation/line-table.ts";
import { SharedLine } from "../../packages/gateway/src/aggregation/shared-line.ts";
import { SpreadCloser } from "../../packages/gateway/src/aggregation/spread-closer.ts";
import { ClientOutput } from "../../packages/gateway/src/client/client-output.ts";
import { Outbox } from "../../packages/gateway/src/client/outbox.ts";
import { PendingInvocations } from "../../packages/gateway/src/upstream/pending-invocations.ts";

/** What is put to the test: the gateway's own classes, or broken copies of them. */
export interface Core {
  readonly Hub: typeof Hub;
  readonly LineTable: typeof LineTable;
  readonly SharedLine: typeof SharedLine;
  readonly SpreadCloser: typeof SpreadCloser;
  readonly PendingInvocations: typeof PendingInvocations;
  readonly ClientOutput: typeof ClientOutput;
  readonly Outbox: typeof Outbox;
}

export const core: Core = { Hub, LineTable, SharedLine, SpreadCloser, PendingInvocations, ClientOutput, Outbox };
