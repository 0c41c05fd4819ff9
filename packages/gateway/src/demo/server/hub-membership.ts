import type { CallerClients, HubClients, Recipients, SingleRecipient } from "./hub-definition.ts";
import { HubException } from "./hub-definition.ts";
import { PreparedMessage } from "./prepared-message.ts";

/** A connection as seen by senders. */
export interface MemberConnection {
  readonly connectionId: string;
  readonly userIdentifier: string | undefined;
  send(message: PreparedMessage): void;
  /** Asks the client for a result. Rejects with `HubException`. */
  invoke(target: string, args: readonly unknown[]): Promise<unknown>;
}

/** Who is connected to one hub, and in which groups (protocol.md 8.6). Group names are case-sensitive. */
export class HubMembership {
  readonly #connections = new Map<string, MemberConnection>();
  readonly #groups = new Map<string, Set<MemberConnection>>();
  readonly clients: HubClients;

  constructor() {
    this.clients = {
      all: recipients(() => this.#connections.values()),
      group: (name) => recipients(() => this.#membersOf(name)),
      groups: (names) => recipients(() => names.flatMap((name) => [...this.#membersOf(name)])),
      user: (userIdentifier) => recipients(() => this.#connectionsOf(userIdentifier)),
      client: (connectionId) => singleRecipient(connectionId, () => this.#connections.get(connectionId)),
    };
  }

  add(connection: MemberConnection): void {
    this.#connections.set(connection.connectionId, connection);
  }

  /** Ends the connection's memberships too. */
  remove(connection: MemberConnection): void {
    this.#connections.delete(connection.connectionId);
    for (const group of this.#groups.keys()) this.leave(connection, group);
  }

  /** Returns whether it was no member before. A connection that ended cannot join. */
  join(connection: MemberConnection, group: string): boolean {
    if (!this.#connections.has(connection.connectionId)) return false;
    const members = this.#groups.get(group) ?? new Set();
    if (members.has(connection)) return false;
    this.#groups.set(group, members.add(connection));
    return true;
  }

  leave(connection: MemberConnection, group: string): void {
    const members = this.#groups.get(group);
    if (members?.delete(connection) && members.size === 0) this.#groups.delete(group);
  }

  /** `onWait` is called when the caller starts to wait for a client's result. */
  clientsOf(caller: MemberConnection, onWait: () => void): CallerClients {
    const waiting = (recipient: SingleRecipient): SingleRecipient => ({
      send: recipient.send,
      invoke: (target, ...args) => {
        onWait();
        return recipient.invoke(target, ...args);
      },
    });
    const except = (members: Iterable<MemberConnection>) => [...members].filter((member) => member !== caller);
    return {
      ...this.clients,
      client: (connectionId) => waiting(this.clients.client(connectionId)),
      caller: waiting(singleRecipient(caller.connectionId, () => caller)),
      others: recipients(() => except(this.#connections.values())),
      othersInGroup: (name) => recipients(() => except(this.#membersOf(name))),
    };
  }

  #membersOf(group: string): Iterable<MemberConnection> {
    return this.#groups.get(group) ?? [];
  }

  #connectionsOf(userIdentifier: string): Iterable<MemberConnection> {
    return [...this.#connections.values()].filter((connection) => connection.userIdentifier === userIdentifier);
  }
}

function recipients(find: () => Iterable<MemberConnection>): Recipients {
  return {
    send: (target, ...args) => {
      const message = new PreparedMessage(target, args);
      for (const connection of find()) connection.send(message);
    },
  };
}

function singleRecipient(connectionId: string, find: () => MemberConnection | undefined): SingleRecipient {
  return {
    send: (target, ...args) => find()?.send(new PreparedMessage(target, args)),
    invoke: async (target, ...args) => {
      const connection = find();
      if (connection === undefined) throw new HubException(`Connection '${connectionId}' does not exist.`);
      return connection.invoke(target, args);
    },
  };
}
