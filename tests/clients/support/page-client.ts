import type { HubConnection, HubConnectionBuilder, IHttpConnectionOptions } from "@microsoft/signalr";
import type { NpmConnectionOptions } from "./npm-connection.ts";
import type { StreamRecord } from "./script-connection.ts";

export interface PageConnectionOptions extends NpmConnectionOptions {
  /** What the script listens to. */
  readonly targets: readonly string[];
}

export type Outcome = { readonly resolved: unknown } | { readonly rejected: string };

/** What a page can do with its hub connections, told them by number. */
export interface PageClient {
  build(id: number, options: PageConnectionOptions): void;
  baseUrl(id: number): string;
  start(id: number): Promise<Outcome>;
  stop(id: number): Promise<Outcome>;
  invoke(id: number, method: string, args: readonly unknown[]): Promise<Outcome>;
  stream(id: number, method: string, args: readonly unknown[], cancelAfter: number | undefined): Promise<StreamRecord>;
  upload(id: number, method: string, uploads: readonly (readonly unknown[])[]): Promise<Outcome>;
}

declare global {
  var pageClient: PageClient;
  /** The binding through which the page tells what it receives; what it resolves to is the client result. */
  function tell(id: number, kind: "message" | "lifecycle", name: string, args: readonly unknown[]): Promise<unknown>;
}

type SignalR = typeof import("@microsoft/signalr") & {
  readonly protocols: { readonly msgpack: typeof import("@microsoft/signalr-protocol-msgpack") };
};

/** Runs in the page, which gets its text: nothing outside of it can be used. Whatever version the page has loaded. */
export function installPageClient(): void {
  const signalR = (globalThis as unknown as { readonly signalR: SignalR }).signalR;
  const connections = new Map<number, HubConnection>();
  const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  const outcomeOf = (promise: Promise<unknown>): Promise<Outcome> =>
    promise.then(
      (resolved) => ({ resolved }),
      (error: unknown) => ({ rejected: textOf(error) }),
    );

  function connectionOf(id: number): HubConnection {
    const connection = connections.get(id);
    if (connection === undefined) throw new Error(`there is no connection ${id}`);
    return connection;
  }

  function builderFor(options: PageConnectionOptions): HubConnectionBuilder {
    const { url, transport, protocol, skipNegotiation, accessToken, reconnect } = options;
    const httpOptions: IHttpConnectionOptions = { transport: signalR.HttpTransportType[transport] };
    if (skipNegotiation !== undefined) httpOptions.skipNegotiation = skipNegotiation;
    if (accessToken !== undefined) httpOptions.accessTokenFactory = () => accessToken;
    const builder = new signalR.HubConnectionBuilder()
      .configureLogging(signalR.LogLevel.None)
      .withUrl(url, httpOptions);
    if (protocol === "messagepack") builder.withHubProtocol(new signalR.protocols.msgpack.MessagePackHubProtocol());
    if (reconnect === true && "withAutomaticReconnect" in builder) builder.withAutomaticReconnect([0]);
    return builder;
  }

  function listen(id: number, connection: HubConnection, targets: readonly string[]): void {
    const happened = (event: string, error: unknown): void =>
      void tell(id, "lifecycle", event, error ? [textOf(error)] : []);
    for (const target of targets) connection.on(target, (...args: unknown[]) => tell(id, "message", target, args));
    connection.onclose((error) => happened("closed", error));
    if (!("onreconnecting" in connection)) return;
    connection.onreconnecting((error) => happened("reconnecting", error));
    connection.onreconnected(() => happened("reconnected", undefined));
  }

  globalThis.pageClient = {
    build: (id, options) => {
      const connection = builderFor(options).build();
      listen(id, connection, options.targets);
      connections.set(id, connection);
    },
    baseUrl: (id) => connectionOf(id).baseUrl,
    start: (id) => outcomeOf(connectionOf(id).start()),
    stop: (id) => outcomeOf(connectionOf(id).stop()),
    invoke: (id, method, args) => outcomeOf(connectionOf(id).invoke(method, ...args)),
    stream: (id, method, args, cancelAfter = Number.POSITIVE_INFINITY) =>
      new Promise((resolve) => {
        const items: unknown[] = [];
        const subscription = connectionOf(id)
          .stream(method, ...args)
          .subscribe({
            next: (item) => {
              items.push(item);
              if (items.length < cancelAfter) return;
              subscription.dispose();
              resolve({ items, end: "cancelled" });
            },
            complete: () => resolve({ items, end: "completed" }),
            error: (error) => resolve({ items, end: textOf(error) }),
          });
      }),
    upload: (id, method, uploads) => {
      const streams = uploads.map(() => new signalR.Subject<unknown>());
      const result = connectionOf(id).invoke(method, ...streams);
      streams.forEach((stream, index) => {
        for (const item of uploads[index] ?? []) stream.next(item);
        stream.complete();
      });
      return outcomeOf(result);
    },
  };
}
