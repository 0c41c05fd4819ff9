import { type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { groupKey, groupsOf } from "../publication.ts";
import type { BenchClient } from "./bench-client.ts";
import type { ClientPlan } from "./client-plan.ts";
import type { Window } from "./window.ts";

interface Tick {
  readonly sentAt?: number;
  /** With MessagePack, ASP.NET Core writes names as they are in C#. */
  readonly SentAt?: number;
}

/** @microsoft/signalr as users have it: what it counts, the others must count too. */
export class OfficialClient implements BenchClient {
  readonly number: number;
  readonly isSlow = false;
  received = 0;
  hasEnded = false;
  readonly #plan: ClientPlan;
  readonly #connection: HubConnection;

  constructor(number: number, plan: ClientPlan, window: Window) {
    this.number = number;
    this.#plan = plan;
    const builder = new HubConnectionBuilder().withUrl(plan.url).configureLogging(LogLevel.None);
    if (plan.protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    this.#connection = builder.build();
    this.#connection.on("Tick", ({ sentAt, SentAt }: Tick) => {
      this.received += 1;
      window.count();
      window.sample(sentAt ?? SentAt ?? 0);
    });
    this.#connection.onclose(() => {
      this.hasEnded = true;
    });
  }

  async start(): Promise<void> {
    await this.#connection.start();
    await this.#connection.invoke("Join", groupsOf(this.number, this.#plan.seating).map(groupKey));
  }

  ping(): void {
    // It pings by itself.
  }

  stop(): void {
    void this.#connection.stop();
  }
}
