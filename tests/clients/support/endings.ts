import { hubPaths } from "../../support/origin.ts";
import type { OriginControl, TransportName } from "../../support/origin-control.ts";
import { waitMs } from "./arrivals.ts";
import type { ClientVersion } from "./client-versions.ts";
import { type LifecycleEvent, outcomeOf, type ScriptConnection, textOf } from "./script-connection.ts";

const scenarioMs = waitMs + 15_000;

/** A new connection to the hub. It reconnects at once, if it can and should. */
export type Connect = (path: string, options?: { readonly accessToken?: string }) => ScriptConnection;

type Scenarios = Readonly<Record<string, () => Promise<unknown>>>;

type Abilities = Pick<ClientVersion, "clientResults" | "errorCloses" | "bareCloses" | "pingsAtOnce">;

export interface EndingsOptions extends Abilities {
  readonly transport: TransportName;
  readonly control: OriginControl;
  /** Browsers have six sockets for a host: one connection after the other. Default: all at the same time. */
  readonly oneByOne?: boolean;
}

/** What a client reports of connections that come to nothing, or to an end that it did not ask for. */
export async function seeEndings(
  connect: Connect,
  options: EndingsOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { transport, control, clientResults, errorCloses, bareCloses, pingsAtOnce } = options;
  const refusalMayBeLate = pingsAtOnce && transport === "ServerSentEvents";
  const scenarios: Scenarios = {
    ...refusals(connect),
    stoppedMeanwhile: () => stopMeanwhile(connect(hubPaths.stateful), control),
    ...(errorCloses.includes(transport) && !refusalMayBeLate ? refusalsByTheHub(connect) : {}),
    ...(errorCloses.includes(transport) ? { tooLarge: () => sendTooMuch(connect(hubPaths.stateful)) } : {}),
    ...(bareCloses.includes(transport)
      ? { abortedByTheHub: () => invokeLast(connect(hubPaths.stateful), "AbortMe") }
      : {}),
    ...(clientResults
      ? {}
      : { askedForAResult: () => invokeLast(connect(hubPaths.stateful), "AskClient", "everything") }),
  };
  const seen: Record<string, unknown> = {};
  const runs = Object.entries(scenarios).map(([name, see]) => async () => {
    seen[name] = await inTime(name, see());
  });
  if (options.oneByOne === true) for (const run of runs) await run();
  else await Promise.all(runs.map((run) => run()));
  return seen;
}

/** What `start` comes to at a hub without MessagePack. */
export function seeUnknownProtocol(connect: Connect): Promise<unknown> {
  return startAndStop(connect(hubPaths.json));
}

function refusals(connect: Connect): Scenarios {
  return {
    noHub: () => startAndStop(connect("/hubs/nothing")),
    unauthorized: () => startAndStop(connect(hubPaths.auth)),
    forbidden: () => startAndStop(connect(hubPaths.auth, { accessToken: "user:mallory:banned" })),
    authorized: () => userName(connect(hubPaths.auth, { accessToken: "user:ada" })),
    authorizedByQuery: () => userName(connect(`${hubPaths.auth}?access_token=user:ada`)),
  };
}

function refusalsByTheHub(connect: Connect): Scenarios {
  return {
    refusedByTheHub: () => startRefused(connect(`${hubPaths.stateful}?failConnect=1`)),
    refusedInDetail: () => startRefused(connect(`${hubPaths.detailed}?failConnect=1`)),
  };
}

/** So that a client which waits forever is known by its scenario. */
async function inTime(name: string, outcome: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not come to an end in ${scenarioMs} ms`)), scenarioMs);
  });
  return Promise.race([outcome, limit]).finally(() => clearTimeout(timer));
}

async function startAndStop(connection: ScriptConnection): Promise<unknown> {
  const outcome = await outcomeOf(connection.start());
  await connection.stop();
  return outcome;
}

async function userName(connection: ScriptConnection): Promise<unknown> {
  await connection.start();
  const name = await connection.invoke("UserName");
  await connection.stop();
  return name;
}

/** The refusal may come while `start` still runs, or after it: the same text once as its rejection, once as an event. */
async function startRefused(connection: ScriptConnection): Promise<unknown> {
  const closed = new Lifecycle(connection).waitFor("closed");
  return connection.start().then(() => closed, textOf);
}

async function invokeLast(connection: ScriptConnection, method: string, ...args: unknown[]): Promise<unknown> {
  const lifecycle = new Lifecycle(connection);
  connection.on("Question", () => "an answer that never gets out");
  await connection.start();
  const outcome = await outcomeOf(connection.invoke(method, ...args));
  await lifecycle.waitFor("closed");
  return { outcome, events: lifecycle.events };
}

/** More than the origin accepts: it closes the connection and lets the client come back. */
async function sendTooMuch(connection: ScriptConnection): Promise<unknown> {
  const lifecycle = new Lifecycle(connection);
  await connection.start();
  const before = await connection.invoke("WhoAmI");
  const outcome = await outcomeOf(connection.invoke("Echo", "x".repeat(40_000)));
  await lifecycle.waitFor("closed", "reconnected");
  const again = await outcomeOf(connection.invoke("WhoAmI"));
  const isNew = JSON.stringify(again) !== JSON.stringify({ resolved: before });
  const after = isNew && "resolved" in (again as object) ? "a new connection" : again;
  await connection.stop();
  return { outcome, events: lifecycle.events, after };
}

async function stopMeanwhile(connection: ScriptConnection, control: OriginControl): Promise<unknown> {
  await connection.start();
  const connectionId = String(await connection.invoke("WhoAmI"));
  const slow = outcomeOf(connection.invoke("Slow", 60_000));
  await control.waitFor({ kind: "invoked", name: "Slow", connectionId }, { timeoutMs: waitMs });
  await connection.stop();
  return slow;
}

/** What happened to a connection, in order. Make it before `start`. */
export class Lifecycle {
  readonly events: (readonly [LifecycleEvent, string | undefined])[] = [];
  #waiters: { readonly events: readonly LifecycleEvent[]; readonly resolve: (error: string | undefined) => void }[] =
    [];

  constructor(connection: ScriptConnection) {
    connection.onLifecycle((event, error) => {
      this.events.push([event, error]);
      for (const waiter of this.#waiters) if (waiter.events.includes(event)) waiter.resolve(error);
    });
  }

  /** Resolves with the error of the first such event, past or to come. The test's own time limit is the limit. */
  waitFor(...events: readonly LifecycleEvent[]): Promise<string | undefined> {
    const past = this.events.find(([event]) => events.includes(event));
    if (past !== undefined) return Promise.resolve(past[1]);
    return new Promise((resolve) => this.#waiters.push({ events, resolve }));
  }
}
