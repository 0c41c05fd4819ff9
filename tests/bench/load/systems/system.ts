import type { Publication, Published } from "../publication.ts";
import type { RoleProcess, RoleProcesses } from "../role-processes.ts";

/**
 * What clients connect to. `direct` is ASP.NET Core itself; `yarp`, `nginx` and `gateway` stand in front of it; `floor`
 * writes frames that it built before, and `c` does so in C; `bare` is a `ws` server that accepts connections.
 */
export const systemNames = ["direct", "yarp", "nginx", "gateway", "floor", "c", "bare"] as const;
export type SystemName = (typeof systemNames)[number];

export interface OriginState {
  readonly connections: number;
  readonly connectionsEver: number;
  readonly joins: number;
  /** 0 unless the system was started with `metersOrigin`. Control requests are not in it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface System {
  readonly name: SystemName;
  /** Of the hub, with `http:`. */
  readonly url: string;
  /** The process under test. */
  readonly subject: RoleProcess;
  /** `undefined`: there is none, or it is the subject itself. */
  readonly origin: RoleProcess | undefined;
  readonly negotiates: boolean;
  publish(publication: Publication): Promise<Published>;
  /** `undefined` where there is no ASP.NET Core. */
  originState(): Promise<OriginState | undefined>;
  /** Has the subject free what it can, so that what is left is held. */
  collectGarbage(): Promise<void>;
}

export interface SystemOptions {
  /** Default false. True: the origin counts bytes, which costs it some CPU time. */
  readonly metersOrigin?: boolean;
  /** Default false. True: the gateway answers joins from its cache, as a user may say of a hub like that of the bench. */
  readonly cachesJoins?: boolean;
}

export interface Surroundings {
  readonly roles: RoleProcesses;
  /** For the subject, as for `taskset`. */
  readonly subjectCores: string | undefined;
  /** For the origin and the clients. */
  readonly otherCores: string | undefined;
  /** For configuration files; removed by whoever made it. */
  readonly folder: string;
}
