import type { HubConnection, IHttpConnectionOptions } from "@microsoft/signalr";
import type { HubProtocolName } from "@signalr-edge/protocol";
import type { TransportName } from "../../support/origin-control.ts";
import type { ClientVersion } from "./client-versions.ts";
import { type LifecycleEvent, type ScriptConnection, type StreamRecord, textOf } from "./script-connection.ts";

export interface NpmConnectionOptions {
  readonly url: string;
  readonly transport: TransportName;
  readonly protocol: HubProtocolName;
  readonly skipNegotiation?: boolean;
  readonly accessToken?: string;
  /** Reconnects at once, where the version can. Default: it does not. */
  readonly reconnect?: boolean;
}

/** A connection of one version of the npm package in this process, silent, not started. */
export class NpmConnection implements ScriptConnection {
  readonly #version: ClientVersion;
  readonly #connection: HubConnection;

  constructor(version: ClientVersion, options: NpmConnectionOptions) {
    this.#version = version;
    this.#connection = withGlobals(version.missingGlobals ?? {}, () => build(version, options));
  }

  start(): Promise<void> {
    return this.#connection.start();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  invoke(method: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#connection.invoke(method, ...args);
  }

  stream(method: string, args: readonly unknown[], cancelAfter = Number.POSITIVE_INFINITY): Promise<StreamRecord> {
    return new Promise((resolve) => {
      const items: unknown[] = [];
      const subscription = this.#connection.stream(method, ...args).subscribe({
        next: (item) => {
          items.push(item);
          if (items.length < cancelAfter) return;
          subscription.dispose();
          resolve({ items, end: "cancelled" });
        },
        complete: () => resolve({ items, end: "completed" }),
        error: (error) => resolve({ items, end: textOf(error) }),
      });
    });
  }

  upload(method: string, ...uploads: readonly (readonly unknown[])[]): Promise<unknown> {
    const streams = uploads.map(() => new this.#version.signalR.Subject<unknown>());
    const result = this.#connection.invoke(method, ...streams);
    streams.forEach((stream, index) => {
      for (const item of uploads[index] ?? []) stream.next(item);
      stream.complete();
    });
    return result;
  }

  on(target: string, handler: (...args: readonly unknown[]) => unknown): void {
    this.#connection.on(target, handler);
  }

  onLifecycle(handler: (event: LifecycleEvent, error: string | undefined) => void): void {
    const text = (error: unknown): string | undefined => (error ? textOf(error) : undefined);
    this.#connection.onclose((error) => handler("closed", text(error)));
    if (!this.#version.reconnects) return;
    this.#connection.onreconnecting((error) => handler("reconnecting", text(error)));
    this.#connection.onreconnected(() => handler("reconnected", undefined));
  }
}

function build({ signalR, messagePack, reconnects }: ClientVersion, options: NpmConnectionOptions): HubConnection {
  const { url, transport, protocol, skipNegotiation, accessToken, reconnect } = options;
  const httpOptions: IHttpConnectionOptions = {
    transport: signalR.HttpTransportType[transport],
    ...(skipNegotiation === undefined ? {} : { skipNegotiation }),
    ...(accessToken === undefined ? {} : { accessTokenFactory: () => accessToken }),
  };
  const builder = new signalR.HubConnectionBuilder().configureLogging(signalR.LogLevel.None).withUrl(url, httpOptions);
  if (protocol === "messagepack") builder.withHubProtocol(new messagePack.MessagePackHubProtocol());
  if (reconnect === true && reconnects) builder.withAutomaticReconnect([0]);
  return builder.build();
}

/** Runs it with more global names than there are. */
function withGlobals<T>(globals: Readonly<Record<string, unknown>>, run: () => T): T {
  const before = Object.getOwnPropertyDescriptors(globalThis);
  const names = Object.keys(globals).filter((name) => !(name in before));
  Object.assign(globalThis, globals);
  try {
    return run();
  } finally {
    for (const name of names) Reflect.deleteProperty(globalThis, name);
  }
}
