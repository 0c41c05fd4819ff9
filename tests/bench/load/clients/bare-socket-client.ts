import type { Socket } from "node:net";
import type { BenchClient } from "./bench-client.ts";
import type { ClientPlan } from "./client-plan.ts";
import { openSocket } from "./websocket-client.ts";

/** A WebSocket without SignalR, for controls that have none. It is done when it is open. */
export class BareSocketClient implements BenchClient {
  readonly number: number;
  readonly isSlow = false;
  received = 0;
  hasEnded = false;
  readonly #plan: ClientPlan;
  #socket: Socket | undefined;

  constructor(number: number, plan: ClientPlan) {
    this.number = number;
    this.#plan = plan;
  }

  async start(): Promise<void> {
    this.#socket = await openSocket(new URL(this.#plan.url), this.#plan.localAddress, {
      bytes: () => undefined,
      isReading: () => true,
      ended: () => {
        this.hasEnded = true;
      },
    });
  }

  ping(): void {
    // There is no hub protocol to ping in.
  }

  stop(): void {
    this.#socket?.destroy();
  }
}
