import { HubServer } from "../../packages/gateway/src/demo/server/hub-server.ts";
import { type HubPath, hubPaths, type Origin } from "../support/origin.ts";
import type { OriginControl } from "../support/origin-control.ts";
import { createContractHub } from "./contract-hub.ts";
import { Ledger } from "./ledger.ts";
import { eventGroup, LiveEvents } from "./live-events.ts";
import { Publisher } from "./publisher.ts";

const defaultWaitMs = 5_000;

/** One life of the origin: a restart begins a new one. */
interface Life {
  readonly server: HubServer;
  readonly ledger: Ledger;
  readonly liveEvents: LiveEvents;
  readonly publisher: Publisher;
}

/** Starts the TypeScript origin inside the calling process. It offers WebSockets only. */
export async function startNodeOrigin(options: { readonly port?: number } = {}): Promise<Origin> {
  let life = createLife();
  const url = await life.server.listen(options.port ?? 0);
  return {
    url,
    pid: undefined,
    control: controlOf(() => life),
    hubUrl: (path: HubPath) => `${url}${path}`,
    stop: (signal) => end(life, signal),
    restart: async () => {
      await end(life);
      life = createLife();
      await life.server.listen(Number(new URL(url).port));
    },
  };
}

function createLife(): Life {
  const ledger = new Ledger();
  const liveEvents = new LiveEvents();
  const hubs = Object.values(hubPaths).map((path) => [path, createContractHub(path, ledger, liveEvents)] as const);
  const server = new HubServer({ hubs: Object.fromEntries(hubs) });
  return { server, ledger, liveEvents, publisher: new Publisher(server, liveEvents, ledger) };
}

function end({ server }: Life, signal?: NodeJS.Signals): Promise<void> {
  return signal === "SIGKILL" ? server.kill() : server.close();
}

function controlOf(life: () => Life): OriginControl {
  return {
    publish: (publication) => life().publisher.publish(publication),
    publishKinds: (publication) => life().publisher.publishKinds(publication),
    publishPersonal: async (publication) => life().publisher.publishPersonal(publication),
    publishRaw: async (publication) => life().publisher.publishRaw(publication),
    broadcast: (broadcast) => life().publisher.broadcast(broadcast),
    closeEvent: async ({ hub = hubPaths.contract, eventId }) =>
      life().liveEvents.close(hub, eventGroup(BigInt(eventId))),
    state: async () => life().ledger.read(life().server.traffic),
    waitFor: (query, { count = 1, timeoutMs = defaultWaitMs } = {}) =>
      life().ledger.journal.waitFor(query, count, timeoutMs),
    reset: async () => {
      life().ledger.reset();
      life().liveEvents.clear();
    },
    abortConnections: async (hub) => life().ledger.abort(hub),
    closeGracefully: async () => {
      // Like the other origin's, it answers before the shutdown is over.
      setImmediate(() => life().server.close());
    },
  };
}
