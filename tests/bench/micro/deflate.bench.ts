import { constants, deflateRawSync } from "node:zlib";
import { hubProtocols } from "@signalr-edge/protocol";
import { afterAll, bench, describe } from "vitest";
import { SharedFrame } from "../../../packages/gateway/src/aggregation/shared-frame.ts";
import { sharedDeflate } from "../../../packages/gateway/src/client/shared-deflate.ts";
import { byCpuTime } from "./support/cpu-time.ts";
import { openDrainedClients } from "./support/drained-clients.ts";
import { oddsMessage } from "./support/odds-message.ts";

/** What a compressed message costs and saves: by itself, and with the writes to all who get it. */
const messages = [1, 4, 16, 45].map((markets) => oddsMessage(markets));
const deflate = sharedDeflate(1);

const variants = {
  "zlib's defaults: level 6, window 32 KiB": { level: 6, windowBits: 15, memLevel: 8 },
  "level 1, window 4 KiB": { level: 1, windowBits: 12, memLevel: 5 },
  "level 9, window 4 KiB": { level: 9, windowBits: 12, memLevel: 5 },
} as const;

describe.each(messages.map((message) => [message.length, message] as const))("%i bytes", (_length, message) => {
  bench(`the gateway's: ${percent(deflate(message), message)} of the bytes`, () => {
    deflate(message);
  });

  for (const [name, variant] of Object.entries(variants)) {
    const compress = (): Buffer => deflateRawSync(message, { ...variant, finishFlush: constants.Z_SYNC_FLUSH });
    bench(`${name}: ${percent(compress(), message)}`, () => {
      compress();
    });
  }
});

const clientCount = 500;
const [plain, compressing] = [
  await openDrainedClients(clientCount),
  await openDrainedClients(clientCount, "permessage-deflate"),
];

afterAll(() => {
  plain.close();
  compressing.close();
});

describe.each(messages.map((message) => [message.length, message] as const))(
  `%i bytes to ${clientCount} clients`,
  (_length, message) => {
    bench(
      "compressed once",
      async () => {
        const frame = new SharedFrame(hubProtocols.json, message, undefined, deflate);
        for (const member of compressing.members) member.write(frame);
        await compressing.written();
      },
      byCpuTime,
    );

    bench(
      "control: compression off",
      async () => {
        const frame = new SharedFrame(hubProtocols.json, message);
        for (const member of plain.members) member.write(frame);
        await plain.written();
      },
      byCpuTime,
    );
  },
);

function percent(compressed: Buffer | undefined, message: Buffer): string {
  return `${Math.round((100 * (compressed?.length ?? message.length)) / message.length)} %`;
}
