import { scheduleOf } from "../publication.ts";
import type { Crowd } from "../session.ts";
import { fanOut, restOfMessage, usualFiller } from "./fan-out.ts";
import type { Workload } from "./workload.ts";

const seating = { groups: 40, groupsPerClient: 4 };

/** Slow clients have to be slow for longer than the kernel's buffers last, which may be 10 MB: 800 KB a second. */
export const slow: Workload = {
  name: "slow",
  about: ({ slowClients }) =>
    `messages of 16 KB, 50 a second to ${slowClients} clients of one group; none or 5 % of them read nothing`,
  quickSystems: [],
  columns: ["latencyP50Ms", "latencyP99Ms", "slowEnded", "slow", "subjectRssMiB", "lost"],
  cases: (size) =>
    (["direct", "gateway"] as const).flatMap((system) =>
      [0, 20].map((slowEvery) => ({
        variant: slowEvery === 0 ? "none slow" : "5 % slow",
        system,
        run: async (session) => {
          const crowds = [{ count: size.slowClients, slowEvery }];
          await session.connect({ crowds, seating: { groups: 1, groupsPerClient: 1 }, sampleEvery: 2 });
          const shape = { groups: 1, messagesPerTick: 1, tickIntervalMs: 20, fillerBytes: 16_384 - restOfMessage };
          return session.publish(scheduleOf(shape, size.slowWindowMs));
        },
      })),
    ),
};

/** Transports and hub protocols as they are mixed in the wild. */
export const transports: Workload = {
  name: "transports",
  about: ({ mixedClients }) =>
    `${mixedClients} clients: 80 % WebSockets (30 % of those MessagePack), 10 % Server-Sent Events, 10 % long polling`,
  quickSystems: [],
  columns: ["deliveriesPerCpuSecond", "latencyP50Ms", "latencyP99Ms", "clientBusy", "lost"],
  cases: (size) => {
    const share = (part: number): number => Math.round(size.mixedClients * part);
    const crowds: Crowd[] = [
      { count: share(0.56) },
      { count: share(0.24), protocol: "messagepack" },
      { count: share(0.1), kind: "events" },
      { count: share(0.1), kind: "polling" },
    ];
    const shape = { groups: 40, messagesPerTick: 4, tickIntervalMs: 100, fillerBytes: usualFiller };
    return (["direct", "gateway"] as const).map((system) => ({
      variant: "",
      system,
      run: (session) => fanOut(session, { crowds, seating }, shape, size),
    }));
  },
};
