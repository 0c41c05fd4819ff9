import type { OriginControl } from "./origin-control.ts";

/**
 * The contract hub under several options. `detailed` has detailed errors, `auth` refuses anonymous requests. What sets the
 * others apart only the ASP.NET Core origin can do: `expiring` is `auth` that ends connections with their token, `stateful`
 * allows stateful reconnect, and the last three have one transport or one hub protocol only.
 */
export const hubPaths = {
  contract: "/hubs/contract",
  detailed: "/hubs/detailed",
  auth: "/hubs/auth",
  expiring: "/hubs/expiring",
  stateful: "/hubs/stateful",
  webSockets: "/hubs/websockets",
  longPolling: "/hubs/longpolling",
  json: "/hubs/json",
} as const;

export type HubPath = (typeof hubPaths)[keyof typeof hubPaths];

/** A running origin with the contract hubs. Users of the hubs are named by the token `user:NAME[:role,role[:end]]`, its end in Unix milliseconds. */
export interface Origin {
  /** `http://127.0.0.1:PORT`, the same after a restart. */
  readonly url: string;
  /** The process of its own that it runs in; `undefined` for an origin inside the test process. */
  readonly pid: number | undefined;
  readonly control: OriginControl;
  hubUrl(path: HubPath): string;
  /**
   * Ends it and waits until it is gone. `SIGKILL` is the death of the process; the default `SIGTERM` an orderly
   * shutdown, in which ASP.NET Core runs `OnDisconnectedAsync` but cuts the WebSockets without a Close message.
   */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Stops it (if it still runs) and starts it again on the same port, with nothing remembered. */
  restart(): Promise<void>;
}
