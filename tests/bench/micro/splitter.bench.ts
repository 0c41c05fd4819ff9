import { hubProtocols } from "@signalr-edge/protocol";
import { bench, describe } from "vitest";
import { oddsMessage } from "./support/odds-message.ts";

/** Cutting a chunk of a socket into frames. The control finds the ends of JSON frames and makes views of them. */
const maxFrameBytes = 1_048_576;
const chunkBytes = 65_536;
const separator = 0x1e;
const json = oddsMessage(1);
const message = hubProtocols.json.parse(json);
if (message === undefined) throw new Error("the frame is a message");
const packed = hubProtocols.messagepack.write(message);

describe.each([
  { name: "json", frame: json },
  { name: "messagepack", frame: packed },
] as const)("a chunk of 64 KiB, $name", ({ name, frame }) => {
  const chunk = Buffer.concat(Array<Buffer>(Math.floor(chunkBytes / frame.length)).fill(frame));
  const half = chunk.length >> 1;
  const splitter = hubProtocols[name].createSplitter(maxFrameBytes);
  const frames: Uint8Array[] = [];
  /** Something has to be done with them, or cutting is optimised away. */
  const see = (cut: Uint8Array): void => {
    frames[0] = cut;
  };

  bench(`whole frames of ${frame.length} bytes`, () => {
    splitter.push(chunk, see);
  });

  bench("in two pieces, with a frame across them", () => {
    splitter.push(chunk.subarray(0, half), see);
    splitter.push(chunk.subarray(half), see);
  });

  if (name === "json") {
    bench("control: indexOf and subarray", () => {
      for (let start = 0; start < chunk.length; ) {
        const end = chunk.indexOf(separator, start) + 1;
        see(chunk.subarray(start, end));
        start = end;
      }
    });
  }
});
