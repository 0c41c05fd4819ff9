import type { Frame, HubProtocol } from "@signalr-edge/protocol";
import { hubProtocols } from "@signalr-edge/protocol";
import { bench, describe } from "vitest";

/**
 * What one frame from the origin costs before it is fanned out: cut, peek, read the group key. `JSON.parse` and `parse`
 * of the same frame are the controls. Run with `vitest bench tests/bench/micro`.
 */
const update = {
  type: 1,
  target: "MatchUpdated",
  arguments: [
    {
      eventId: 1_234_567,
      markets: [
        {
          id: 11,
          name: "Match Winner",
          selections: [
            { id: 1, price: 1.85, status: "open" },
            { id: 2, price: 3.4, status: "open" },
            { id: 3, price: 4.33, status: "suspended" },
          ],
        },
      ],
      clock: "45:00",
      score: [1, 0],
      live: true,
      note: null,
    },
  ],
} as const;

describe.each(Object.values(hubProtocols))("a group message, $name", (protocol: HubProtocol) => {
  const frame = protocol.write(update);
  const [argument] = protocol.peek(frame).argumentRanges;
  if (argument === undefined) throw new Error("the frame has an argument");
  const splitter = protocol.createSplitter(65_536);
  const chunk = Buffer.concat(Array<Buffer>(10).fill(frame));

  bench(`peek at ${frame.length} bytes`, () => {
    protocol.peek(frame);
  });

  bench("read a key by its exact name", () => {
    protocol.readScalar(frame, argument, ["eventId"]);
  });

  bench("read a key whose name differs in case", () => {
    protocol.readScalar(frame, argument, ["EventId"]);
  });

  bench("cut a chunk into ten frames", () => {
    splitter.push(chunk, lengthOf);
  });

  bench("control: parse the whole message", () => {
    protocol.parse(frame);
  });
});

describe("control", () => {
  const text = hubProtocols.json.write(update).toString().slice(0, -1);
  bench("JSON.parse alone", () => {
    JSON.parse(text);
  });
});

function lengthOf(frame: Frame): number {
  return frame.length;
}
