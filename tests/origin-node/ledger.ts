import type { HubContext } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import type { Traffic } from "../../packages/gateway/src/demo/server/hub-server.ts";
import type { ConnectionState, JournalKind, OriginState } from "../support/origin-control.ts";
import { Journal } from "./journal.ts";

interface LiveConnection {
  readonly hub: string;
  readonly context: HubContext;
}

/** Everything that tests ask the origin about afterwards: who is connected, and what was done how often. */
export class Ledger {
  readonly journal = new Journal();
  readonly #live = new Map<string, LiveConnection>();
  /** Connections opened, by hub and protocol. */
  readonly #opened = new Counts();
  readonly #joins = new Counts();
  readonly #leaves = new Counts();
  readonly #sends = new Counts();
  /** Connection ids, by hub and group. */
  readonly #members = new Map<string, Set<string>>();
  readonly #invocations = new Counts();

  connected(hub: string, context: HubContext): void {
    const live = { hub, context };
    this.#live.set(context.connectionId, live);
    this.#opened.add(kindOf(live));
    this.record("connected", hub, context);
  }

  disconnected(hub: string, context: HubContext, error: Error | undefined): void {
    this.#live.delete(context.connectionId);
    for (const members of this.#members.values()) members.delete(context.connectionId);
    this.record("disconnected", hub, context, undefined, error === undefined ? undefined : String(error));
  }

  invoked(hub: string, context: HubContext, method: string): void {
    this.#invocations.add(method);
    this.record("invoked", hub, context, method);
  }

  joined(hub: string, context: HubContext, group: string): void {
    this.#joins.add(group);
    const members = this.#members.get(`${hub} ${group}`) ?? new Set<string>();
    this.#members.set(`${hub} ${group}`, members.add(context.connectionId));
    this.record("joined", hub, context, group);
  }

  left(hub: string, context: HubContext, group: string): void {
    this.#leaves.add(group);
    this.#members.get(`${hub} ${group}`)?.delete(context.connectionId);
    this.record("left", hub, context, group);
  }

  /** Ids of the connections that are in a group now. */
  membersOf(hub: string, group: string): readonly string[] {
    return [...(this.#members.get(`${hub} ${group}`) ?? [])];
  }

  sent(group: string): void {
    this.#sends.add(group);
  }

  record(kind: JournalKind, hub: string, context: HubContext, name?: string, error?: string): void {
    const { connectionId, userIdentifier: user } = context;
    this.journal.add(kind, hub, connectionId, { user, ...(name !== undefined && { name }), error });
  }

  /** As `record`, without the user: streams and uploads outlive what knows it. */
  recordEnd(
    kind: "streamEnded" | "uploadEnded",
    hub: string,
    connectionId: string,
    name: string,
    error?: string,
  ): void {
    this.journal.add(kind, hub, connectionId, { name, error });
  }

  read(traffic: Traffic): OriginState {
    const connections = [...this.#live.values()].map(describe);
    const kinds = [...this.#opened.byKey].map(([kind, total]) => {
      const current = [...this.#live.values()].filter((live) => kindOf(live) === kind).length;
      return { ...readKind(kind), transport: "WebSockets" as const, current, total };
    });
    return {
      currentConnections: connections.length,
      totalConnections: this.#opened.total,
      kinds,
      connections,
      joins: this.#joins.total,
      joinsByGroup: this.#joins.toObject(),
      leaves: this.#leaves.total,
      leavesByGroup: this.#leaves.toObject(),
      sendsByGroup: this.#sends.toObject(),
      invocations: this.#invocations.toObject(),
      lastDisconnects: this.journal.lastDisconnects(),
      traffic,
    };
  }

  /** Forgets all counts and the journal. Live connections stay, and count as opened. */
  reset(): void {
    this.journal.clear();
    for (const counts of [this.#opened, this.#joins, this.#leaves, this.#sends, this.#invocations]) counts.clear();
    for (const live of this.#live.values()) this.#opened.add(kindOf(live));
  }

  /** Aborts every connection of one hub, or of all. Returns how many. */
  abort(hub: string | undefined): number {
    const chosen = [...this.#live.values()].filter((live) => hub === undefined || live.hub === hub);
    for (const { context } of chosen) context.abort();
    return chosen.length;
  }
}

class Counts {
  readonly byKey = new Map<string, number>();

  get total(): number {
    return [...this.byKey.values()].reduce((total, count) => total + count, 0);
  }

  add(key: string): void {
    this.byKey.set(key, (this.byKey.get(key) ?? 0) + 1);
  }

  toObject(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.byKey);
  }

  clear(): void {
    this.byKey.clear();
  }
}

function kindOf({ hub, context }: LiveConnection): string {
  return `${context.protocol} ${hub}`;
}

function readKind(kind: string): Pick<ConnectionState, "protocol" | "hub"> {
  const [protocol, hub = ""] = kind.split(" ");
  return { protocol: protocol === "json" ? "json" : "messagepack", hub };
}

function describe({ hub, context }: LiveConnection): ConnectionState {
  const { connectionId, protocol, userIdentifier } = context;
  return { connectionId, hub, protocol, transport: "WebSockets", user: userIdentifier ?? null };
}
