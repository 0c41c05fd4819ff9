import { hubProtocols } from "@signalr-edge/protocol";
import { afterAll, bench, describe } from "vitest";
import { SharedFrame } from "../../../packages/gateway/src/aggregation/shared-frame.ts";
import { byCpuTime } from "./support/cpu-time.ts";
import { openDrainedClients } from "./support/drained-clients.ts";
import { oddsMessage } from "./support/odds-message.ts";

/**
 * One message of the origin to all members, from `Member.write` to the system call, beside the floor: the same pre-built
 * WebSocket frames written to the same sockets by a loop. Times are CPU time of this process; the clients read in another.
 */
const clientCount = 500;
const payload = oddsMessage(1);

const clients = await openDrainedClients(clientCount);
const { members, sockets } = clients;

afterAll(() => clients.close());

function sharedFrame(): SharedFrame {
  return new SharedFrame(hubProtocols.json, payload);
}

describe.each([1, 4, 16])(`%i messages of ${payload.length} bytes in a turn, ${clientCount} clients`, (count) => {
  bench(
    "members",
    async () => {
      for (let message = 0; message < count; message += 1) {
        const frame = sharedFrame();
        for (const member of members) member.write(frame);
      }
      await clients.written();
    },
    byCpuTime,
  );

  bench(
    "floor: socket.write of pre-built frames",
    async () => {
      const frames = Array.from({ length: count }, () => sharedFrame().webSocketFrame);
      for (const socket of sockets) {
        if (count > 1) socket.cork();
        for (const frame of frames) socket.write(frame);
        if (count > 1) socket.uncork();
      }
      await clients.written();
    },
    byCpuTime,
  );
});
