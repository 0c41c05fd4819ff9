import type { OriginControl } from "./origin-control.ts";

/** The hubs every test origin has. `detailed` has detailed errors, `auth` refuses anonymous requests. */
export const hubPaths = {
  contract: "/hubs/contract",
  detailed: "/hubs/detailed",
  auth: "/hubs/auth",
} as const;

export type HubPath = (typeof hubPaths)[keyof typeof hubPaths];

/** A running origin with the contract hubs. Users of the hubs are named by the token `user:NAME[:role,role]`. */
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
