import { setTimeout as wait } from "node:timers/promises";
import type { Figures } from "../figures.ts";
import type { Session } from "../session.ts";
import type { Size } from "../sizes.ts";
import type { SystemName } from "../systems/system.ts";
import { usualFiller } from "./fan-out.ts";
import type { Workload } from "./workload.ts";

const twoGroups = { groups: 40, groupsPerClient: 2 };
/** So many connect before anything is measured: code is compiled and pools are filled then. */
const warmUpShare = 0.2;
const timeToSettleMs = 1000;

export const idle: Workload = {
  name: "idle",
  about: ({ idleClients }) =>
    `memory of ${idleClients} clients that have joined 2 groups; a bare ws server has no groups`,
  quickSystems: ["bare", "gateway"],
  columns: ["rssBytesPerClient", "subjectRssMiB"],
  cases: ({ idleClients }) =>
    (["bare", "gateway", "direct"] as const).map((system) => ({
      variant: "",
      system,
      run: (session) => holdIdle(session, idleClients),
    })),
};

async function holdIdle(session: Session, count: number): Promise<Figures> {
  const kind = session.system.name === "bare" ? ("socket" as const) : ("websocket" as const);
  const connect = (clients: number): Promise<Figures> =>
    session.connect({ crowds: [{ count: clients, kind }], seating: twoGroups });
  await connect(Math.ceil(count * warmUpShare));
  const before = await settledRss(session);
  const figures = await connect(count);
  const after = await settledRss(session);
  return { ...figures, subjectRssMiB: after / 2 ** 20, rssBytesPerClient: (after - before) / count };
}

async function settledRss(session: Session): Promise<number> {
  await wait(timeToSettleMs);
  await session.system.collectGarbage();
  return session.subjectRssBytes;
}

/** As fast as 64 at a time can: negotiate, upgrade, handshake and a join of 2 groups, each on its own connections. */
export const storm: Workload = {
  name: "storm",
  about: ({ stormClients }) =>
    `${stormClients} clients negotiate, connect, shake hands and join 2 groups, 64 at a time`,
  quickSystems: ["direct", "gateway"],
  columns: [
    "connectsPerSecond",
    "connectsPerCpuSecond",
    "connectP99Ms",
    "subjectBusy",
    "clientBusy",
    "originCpuMs",
    "originJoins",
  ],
  cases: ({ stormClients }) => {
    const run = async (session: Session): Promise<Figures> => {
      const connect = (count: number): Promise<Figures> =>
        session.connect({ crowds: [{ count }], seating: twoGroups, concurrency: 64 });
      await connect(Math.ceil(stormClients * warmUpShare));
      return connect(stormClients);
    };
    const systems: readonly SystemName[] = ["direct", "yarp", "nginx", "gateway"];
    return [
      ...systems.map((system) => ({ variant: "", system, run })),
      { variant: "cached joins", system: "gateway", cachesJoins: true, run },
    ];
  },
};

/** How long a message takes to the last of its group's members. */
export const lastMember: Workload = {
  name: "last-member",
  about: ({ lastMemberClients }) =>
    `from the origin's stamp of one message until the last of ${lastMemberClients} members has it`,
  quickSystems: [],
  columns: ["lastMemberMs", "latencyP50Ms", "lost"],
  cases: (size) =>
    (["c", "floor", "direct", "gateway"] as const).map((system) => ({
      variant: "",
      system,
      run: (session) => awaitLastMembers(session, size),
    })),
};

async function awaitLastMembers(session: Session, size: Size): Promise<Figures> {
  await session.connect({
    crowds: [{ count: size.lastMemberClients }],
    seating: { groups: 1, groupsPerClient: 1 },
  });
  const message = { groups: 1, messagesPerTick: 1, tickIntervalMs: 1000, fillerBytes: usualFiller };
  await session.publish({ ...message, ticks: Math.max(1, Math.round(size.warmUpMs / 1000)) });
  const all: Figures[] = [];
  while (all.length < size.lastMemberMessages) all.push(await session.publish({ ...message, ticks: 1 }));
  const median = all.sort((a, b) => (a.lastMemberMs ?? 0) - (b.lastMemberMs ?? 0))[all.length >> 1] ?? {};
  return { ...median, lost: all.reduce((sum, { lost = 0 }) => sum + lost, 0) };
}
