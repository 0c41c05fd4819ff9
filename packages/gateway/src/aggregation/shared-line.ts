import type { HubProtocol } from "@signalr-edge/protocol";
import type { BroadcastRule } from "../config/hub-rules.ts";
import { BroadcastGroup } from "./broadcast-group.ts";
import { CallTable } from "./call-table.ts";
import { GroupTable, type GroupTableParts } from "./group-table.ts";
import type { LinePlace } from "./line-place.ts";
import { StreamTable } from "./stream-table.ts";

export interface SharedLineParts extends GroupTableParts {
  readonly place: LinePlace;
  readonly broadcastRules: readonly BroadcastRule[];
  readonly maxCalls: number;
  readonly maxStreams: number;
}

/**
 * Everything that travels on one shared upstream: groups, and on the primary one broadcasts, shared calls and shared
 * streams.
 */
export class SharedLine {
  readonly protocol: HubProtocol;
  readonly place: LinePlace;
  readonly groups: GroupTable;
  readonly broadcasts: BroadcastGroup;
  readonly calls: CallTable;
  readonly streams: StreamTable;

  constructor(protocol: HubProtocol, parts: SharedLineParts) {
    const { broadcastRules, maxCalls, maxStreams, source, clock, metrics, gapCloser } = parts;
    this.protocol = protocol;
    this.place = parts.place;
    this.groups = new GroupTable(protocol, parts);
    this.broadcasts = new BroadcastGroup({ source, rules: broadcastRules, metrics, gapCloser });
    this.calls = new CallTable({ source, clock, metrics, maxCalls });
    this.streams = new StreamTable({ source, metrics, maxStreams });
  }

  /** Whether anybody needs the connection. */
  get isWanted(): boolean {
    return this.groups.groups.size > 0 || this.broadcasts.size > 0 || this.streams.size > 0 || this.calls.isWaiting;
  }

  sourceUp(): void {
    this.groups.sourceUp();
    this.calls.sourceUp();
    this.streams.sourceUp();
    // Last: it lets new clients in, whose joins must not be taken for memberships of the last epoch.
    this.broadcasts.sourceUp();
  }

  sourceDown(): void {
    this.groups.sourceDown();
  }

  sourceRefused(): void {
    this.groups.sourceRefused();
    this.calls.sourceRefused();
    this.streams.sourceRefused();
    this.broadcasts.sourceRefused();
  }
}
