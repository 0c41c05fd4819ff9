import type { Frame } from "@signalr-edge/protocol";
import type { ClientWatch } from "./client-watch.ts";
import type { FrameMessage } from "./origin-connection.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

/** What must happen to the clients of one shared upstream on a hub that sends to all of them. */
export class BroadcastOracle {
  readonly #watch: ClientWatch;
  /** Clients that get every broadcast. */
  readonly #followers = new Set<SimulatedClient>();
  /** Clients that may not go on before the upstream is open: they would miss something. */
  readonly #arriving = new Set<SimulatedClient>();

  constructor(watch: ClientWatch) {
    this.#watch = watch;
  }

  get isOn(): boolean {
    return this.#watch.setup.broadcast !== undefined;
  }

  arrives(client: SimulatedClient): void {
    this.#arriving.add(client);
  }

  /** The gateway lets a client go on with its handshake. */
  proceeds(client: SimulatedClient, isUpstreamOpen: boolean): void {
    if (!this.#arriving.delete(client)) throw new Violation("INV-6", `${client.name} goes on twice, or after its end`);
    if (!this.isOn) return;
    if (!isUpstreamOpen) throw new Violation("INV-3", `${client.name} goes on and misses broadcasts`);
    this.#followers.add(client);
  }

  isFollower(client: SimulatedClient): boolean {
    return this.#followers.has(client);
  }

  broadcast(message: FrameMessage, frame: Frame, act: () => void): void {
    if (this.#followers.size > 0) this.#watch.sightings.broadcasts += 1;
    for (const client of this.#followers) this.#watch.expect(client);
    this.#watch.passFrame(frame, message, act);
  }

  gone(client: SimulatedClient): void {
    this.#followers.delete(client);
    this.#arriving.delete(client);
  }

  /** */
  up(): void {
    if (this.#watch.setup.broadcast !== "close") return;
    for (const client of this.#followers) this.#watch.expectClose(client);
    this.#watch.sightings.broadcastGaps += this.#followers.size;
    this.#followers.clear();
  }

  /** Nobody can be let in, so nobody is kept waiting. */
  refused(): void {
    if (!this.isOn) return;
    for (const client of this.#arriving) this.#watch.expectRefusal(client);
  }

  /** Nobody waits at the door of an open house. */
  checkLetIn(): void {
    for (const client of this.#arriving) throw new Violation("INV-22", `${client.name} is not let in`);
  }
}
