import { type HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { HubProtocolName } from "@signalr-edge/protocol";
import type { DemoClient, DemoClientEvents } from "./demo-client.ts";
import { memberName, oddsTarget } from "./odds-hub.ts";

export interface OfficialClientOptions {
  readonly url: string;
  readonly protocol: HubProtocolName;
  readonly transport: HttpTransportType;
}

/** The unmodified `@microsoft/signalr` client, as an application would use it. */
export class OfficialClient implements DemoClient {
  readonly #connection: HubConnection;
  readonly #protocol: HubProtocolName;
  #stopping = false;

  constructor({ url, protocol, transport }: OfficialClientOptions, events: DemoClientEvents) {
    const builder = new HubConnectionBuilder().withUrl(url, { transport }).configureLogging(LogLevel.None);
    if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    this.#protocol = protocol;
    this.#connection = builder.build();
    this.#connection.on(oddsTarget, (update: unknown) => {
      events.oddsChanged(
        this.#read(update, "eventId", String),
        this.#read(update, "sequence", Number),
        this.#read(update, "sentAt", Number),
      );
    });
    this.#connection.onclose((error) => {
      if (!this.#stopping) events.ended(error?.message ?? "closed by the server");
    });
  }

  start(): Promise<void> {
    return this.#connection.start();
  }

  async subscribe(eventId: string, completed: (sequence: number) => void): Promise<void> {
    const snapshot: unknown = await this.#connection.invoke("SubscribeToEvent", eventId);
    completed(this.#read(snapshot, "sequence", Number));
  }

  async unsubscribe(eventId: string, completed: () => void): Promise<void> {
    await this.#connection.invoke("UnsubscribeFromEvent", eventId);
    completed();
  }

  /** It pings by itself. */
  ping(): void {}

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#connection.stop();
  }

  #read<T>(object: unknown, name: string, convert: (value: unknown) => T): T {
    const members = new Map(Object.entries(object ?? {}));
    return convert(members.get(memberName(name, this.#protocol)));
  }
}
