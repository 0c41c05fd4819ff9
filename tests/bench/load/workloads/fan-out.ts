import type { Figures } from "../figures.ts";
import { type Publication, scheduleOf } from "../publication.ts";
import type { Crowds, Session } from "../session.ts";
import type { Size } from "../sizes.ts";
import type { SystemName } from "../systems/system.ts";
import type { Case, Workload } from "./workload.ts";

type Shape = Omit<Publication, "ticks">;

/** Bytes of a message in JSON without its filler. */
export const restOfMessage = 105;
export const usualFiller = 313 - restOfMessage;
/** A method of .NET is compiled for good after some 60 calls. */
const earlyClients = 20;
const earlyTickMs = 10;
const oneGroup = { groups: 1, groupsPerClient: 1 };
const manyGroups = { groups: 40, groupsPerClient: 20 };
const columns = [
  "deliveriesPerCpuSecond",
  "cpuUsPerDelivery",
  "subjectBusy",
  "clientBusy",
  "latencyP50Ms",
  "latencyP99Ms",
  "lost",
];

/**
 * Has a few clients get many messages, so that code is compiled in all processes; then connects the others, publishes for
 * the warm-up and at last for the window, of which alone the figures are.
 */
export async function fanOut(session: Session, crowds: Crowds, shape: Shape, size: Size): Promise<Figures> {
  const [first, ...others] = crowds.crowds;
  const early = Math.min(earlyClients, first?.count ?? 0);
  await session.connect({ ...crowds, crowds: [{ ...first, count: early }] });
  await session.publish(scheduleOf({ ...shape, tickIntervalMs: earlyTickMs }, size.heatMs));
  await session.connect({ ...crowds, crowds: [{ ...first, count: (first?.count ?? 0) - early }, ...others] });
  await session.publish(scheduleOf(shape, size.warmUpMs));
  return session.publish(scheduleOf(shape, size.windowMs));
}

function onEach(systems: readonly SystemName[], run: Case["run"], variant = ""): Case[] {
  return systems.map((system) => ({ variant, system, run }));
}

export const steady: Workload = {
  name: "steady",
  about: ({ clients, steadyTickMs }) =>
    `1 message of 313 bytes every ${steadyTickMs} ms to ${clients} clients of one group`,
  quickSystems: ["direct", "yarp", "nginx", "gateway", "floor"],
  columns,
  cases: (size) => {
    const shape = steadyShape(size.steadyTickMs);
    return onEach(["direct", "yarp", "nginx", "gateway", "floor", "c"], (session) =>
      fanOut(session, { crowds: [{ count: size.clients }], seating: oneGroup }, shape, size),
    );
  },
};

function steadyShape(tickIntervalMs: number): Shape {
  return { groups: 1, messagesPerTick: 1, tickIntervalMs, fillerBytes: usualFiller };
}

export const groups: Workload = {
  name: "groups",
  about: ({ clients, burstTickMs }) =>
    `16 messages of 313 bytes every ${burstTickMs} ms over 40 groups, ${clients} clients in 20 groups each`,
  quickSystems: ["direct", "gateway"],
  columns,
  cases: (size) => {
    const shape = { groups: 40, messagesPerTick: 16, tickIntervalMs: size.burstTickMs, fillerBytes: usualFiller };
    return onEach(["direct", "gateway", "floor"], (session) =>
      fanOut(session, { crowds: [{ count: size.clients }], seating: manyGroups }, shape, size),
    );
  },
};

export const messagepack: Workload = {
  name: "messagepack",
  about: ({ clients, steadyTickMs }) => `as steady, MessagePack: every ${steadyTickMs} ms to ${clients} clients`,
  quickSystems: [],
  columns,
  cases: (size) => {
    const crowds = { crowds: [{ count: size.clients, protocol: "messagepack" as const }], seating: oneGroup };
    return onEach(["direct", "gateway"], (session) => fanOut(session, crowds, steadyShape(size.steadyTickMs), size));
  },
};

export const large: Workload = {
  name: "large",
  about: ({ mixedClients }) => `messages of 8 KB, 10 a second to ${mixedClients} clients of one group`,
  quickSystems: [],
  columns,
  cases: (size) => {
    const shape = { groups: 1, messagesPerTick: 1, tickIntervalMs: 100, fillerBytes: 8192 - restOfMessage };
    return onEach(["direct", "gateway", "floor"], (session) =>
      fanOut(session, { crowds: [{ count: size.mixedClients }], seating: oneGroup }, shape, size),
    );
  },
};

/** The rate falls as the clients grow, so that the deliveries per second stay the same. */
export const growth: Workload = {
  name: "growth",
  about: (size) => `the same 20,000 deliveries a second, to ${size.growth.join(", ")} clients of one group`,
  quickSystems: [],
  columns: ["cpuUsPerDelivery", "subjectBusy", "subjectRssMiB", "latencyP99Ms", "lost"],
  cases: (size) =>
    size.growth.flatMap((count) =>
      onEach(
        ["gateway", "floor"],
        (session) =>
          fanOut(session, { crowds: [{ count }], seating: oneGroup }, steadyShape((count * 1000) / 20_000), size),
        `${count} clients`,
      ),
    ),
};

export const latency: Workload = {
  name: "latency",
  about: ({ latencyClients }) => `100 messages a second over 40 groups, ${latencyClients} clients in 2 groups each`,
  quickSystems: ["direct", "gateway"],
  columns: ["latencyP50Ms", "latencyP99Ms", "latencyMaxMs", "subjectBusy", "clientBusy", "lost"],
  cases: (size) => {
    const seating = { groups: 40, groupsPerClient: 2 };
    const shape = { groups: 40, messagesPerTick: 1, tickIntervalMs: 10, fillerBytes: usualFiller };
    return onEach(["direct", "yarp", "nginx", "gateway"], (session) =>
      fanOut(session, { crowds: [{ count: size.latencyClients }], seating, sampleEvery: 2 }, shape, size),
    );
  },
};

/** What the origin has to do. Counting its bytes costs it some CPU, for all systems alike. */
export const origin: Workload = {
  name: "origin",
  about: ({ clients }) => `as steady, ${clients} clients: what the origin spends`,
  quickSystems: ["direct", "gateway"],
  columns: ["originCpuMs", "originBytesOut", "originConnections", "lost"],
  cases: (size) =>
    (["direct", "yarp", "nginx", "gateway"] as const).map((system) => ({
      variant: "",
      system,
      metersOrigin: true,
      run: (session) =>
        fanOut(session, { crowds: [{ count: size.clients }], seating: oneGroup }, steadyShape(size.steadyTickMs), size),
    })),
};

/** Whether the generator's own clients count what users' clients get. */
export const official: Workload = {
  name: "official",
  about: ({ official: count, mixedClients }) =>
    `${count} clients of @microsoft/signalr among ${mixedClients} of the bench`,
  quickSystems: [],
  columns: ["expected", "delivered", "lost", "excess"],
  cases: (size) => {
    const crowds = [{ count: size.official, kind: "official" as const }, { count: size.mixedClients }];
    const shape = { groups: 40, messagesPerTick: 16, tickIntervalMs: size.burstTickMs, fillerBytes: usualFiller };
    return onEach(["direct", "gateway"], (session) => fanOut(session, { crowds, seating: manyGroups }, shape, size));
  },
};
