import type { HubProtocolName } from "@signalr-edge/protocol";
import type { OriginControl } from "../../support/origin-control.ts";
import { waitMs } from "./arrivals.ts";
import type { ClientVersion } from "./client-versions.ts";
import { runScript, type ScriptReport } from "./script.ts";
import type { ScriptConnection } from "./script-connection.ts";

export interface UseReport extends ScriptReport {
  /** Its own connection was in the origin's group, and not one of the gateway's. */
  readonly joinedItself: boolean;
}

/** Runs the script over connections to the contract hub of one origin, each with events of its own. */
export class HubUse {
  readonly #control: OriginControl;
  #lastEventId = 100_000;

  constructor(control: OriginControl) {
    this.#control = control;
  }

  async run(connection: ScriptConnection, version: ClientVersion, protocol: HubProtocolName): Promise<UseReport> {
    this.#lastEventId += 2;
    const events = [this.#lastEventId - 1, this.#lastEventId] as const;
    const report = await runScript(connection, {
      ...version,
      readsDates: protocol === "json" || version.readsTimestamps,
      cancelsStreams: protocol === "json" || version.cancelsWithMessagePack,
      control: this.#control,
      events,
    });
    const query = { kind: "joined", name: `event:${events[0]}` } as const;
    const joined = await this.#control.waitFor(query, { timeoutMs: waitMs });
    return { ...report, joinedItself: joined.connectionId === report.connectionId };
  }
}
