import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay, setImmediate as endOfTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import type { Partition, PartitionKey } from "../../../../packages/gateway/src/aggregation/partition-key.ts";
import type { Member, PassThrough } from "../../../../packages/gateway/src/aggregation/ports.ts";
import { ClientConnection } from "../../../../packages/gateway/src/client/client-connection.ts";
import type { ClientConnectionParts } from "../../../../packages/gateway/src/client/client-connection-parts.ts";
import { Pace } from "../../../../packages/gateway/src/client/pace.ts";
import { Turn } from "../../../../packages/gateway/src/client/turn.ts";
import { ClientWebSocket, WebSocketTransport } from "../../../../packages/gateway/src/client/websocket-transport.ts";
import { systemClock } from "../../../../packages/gateway/src/clock.ts";
import { type Limits, limitDefinitions } from "../../../../packages/gateway/src/config/limits.ts";
import { Owner } from "../../../../packages/gateway/src/identity.ts";
import { silentLogger } from "../../../../packages/gateway/src/observe/log.ts";
import { HubMetrics } from "../../../../packages/gateway/src/observe/metrics.ts";

/** Clients behind their handshake, whose other ends read everything in another process. */
export interface DrainedClients {
  readonly members: ReadonlySet<Member>;
  /** Those of the same clients, for controls that write without the gateway. */
  readonly sockets: readonly Socket[];
  /** Resolves in a later turn, when every socket has taken what was written to it. */
  written(): Promise<void>;
  close(): void;
}

export async function openDrainedClients(count: number, offer?: string): Promise<DrainedClients> {
  const members = new Set<Member>();
  const sockets: Socket[] = [];
  const server = createServer();
  const pace = new Pace(new Turn(), 0);
  const limits = { ...defaultLimits, outboxMaxBytes };
  const parts = { ...clientParts, limits, metrics: new HubMetrics() };
  const webSockets = new WebSocketServer({
    noServer: true,
    WebSocket: ClientWebSocket,
    clientTracking: false,
    perMessageDeflate: { serverNoContextTakeover: true },
  });
  const allAccepted = new Promise<void>((resolve) => {
    const accepted = (connection: ClientConnection): void => {
      members.add(connection);
      if (members.size === count) resolve();
    };
    server.on("upgrade", (request, socket: Socket, head) => {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const owner = new Owner({ identity: undefined, credential: "", expiresAtMs: undefined });
        const connection = new ClientConnection(
          { token: "", partition: everybody, owner, address: undefined, isStateful: false },
          parts,
        );
        const transport = new WebSocketTransport(webSocket as ClientWebSocket, socket, pace, limits, connection);
        connection.attach(transport, acceptor(connection, accepted));
        sockets.push(socket);
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const drain = fileURLToPath(new URL("drain.mjs", import.meta.url));
  const args = [String((server.address() as AddressInfo).port), String(count), ...(offer === undefined ? [] : [offer])];
  const child = fork(drain, args, { execArgv: [] });
  await allAccepted;
  return {
    members,
    sockets,
    async written() {
      await endOfTurn();
      // Asked in between rather than all the time: the CPU time that passes here would be measured.
      while (sockets.some(({ writableLength }) => writableLength > 0)) await delay(1);
    },
    close() {
      child.disconnect();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const everybody: Partition = { key: "" as PartitionKey, query: [], headers: [] };

/** Nothing is cut, whatever the machine does meanwhile. */
const outboxMaxBytes = 1_073_741_824;

// Object.fromEntries forgets the names that Object.entries was given.
const defaultLimits = Object.fromEntries(
  Object.entries(limitDefinitions).map(([name, limit]) => [name, limit.default]),
) as Limits;

/** Of the hub of clients that only listen. */
const clientParts = {
  hub: {
    connect: (_client, proceed) => proceed(),
    receiveFromClient: () => undefined,
    receiveFromPrivateUpstream: () => true,
    clientGone: () => undefined,
  },
  clock: systemClock,
  log: silentLogger,
  onClosed: () => undefined,
} as const satisfies Omit<ClientConnectionParts, "limits" | "metrics">;

/** A private upstream that is never needed. */
function acceptor(connection: ClientConnection, accepted: (connection: ClientConnection) => void): PassThrough {
  return {
    start() {
      connection.handshakeAccepted();
      accepted(connection);
    },
    send: () => undefined,
    invoke: () => undefined,
    isAwaited: false,
    pause: () => undefined,
    resume: () => undefined,
    close: () => undefined,
    sweep: () => undefined,
  };
}
