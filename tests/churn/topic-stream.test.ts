import { describe, expect, test } from "vitest";
import { TopicStream } from "./topic-stream.ts";
import { type Fault, Verdicts } from "./verdicts.ts";

interface Step {
  readonly sequence: number;
  readonly epoch?: number;
  readonly secret?: string;
  readonly is?: "snapshot" | "answer";
}

/** What the judge says of a membership that received this; `restores` as for topics with `onGap: rejoin`. */
function judge(steps: readonly Step[], restores = false): Partial<Record<Fault, number>> {
  const verdicts = new Verdicts();
  const stream = new TopicStream(7, "client", restores, verdicts);
  for (const { sequence, epoch = 1, secret = "own", is } of steps) {
    if (is === "answer") stream.joined();
    else if (is === "snapshot") stream.snapshot({ topic: 7, epoch, sequence, secret });
    else stream.message({ topic: 7, epoch, sequence, secret });
  }
  return Object.fromEntries(Object.entries(verdicts.faults).filter(([, count]) => count !== 0));
}

const joinedAt = (sequence: number): readonly Step[] => [
  { sequence, is: "snapshot" },
  { sequence, is: "answer" },
];

describe("the judge of a membership", () => {
  test("finds nothing in a snapshot and what follows it, or surrounds it", () => {
    expect(judge([...joinedAt(4), { sequence: 5 }, { sequence: 6 }])).toEqual({});
    expect(judge([{ sequence: 4 }, { sequence: 5 }, ...joinedAt(4), { sequence: 6 }])).toEqual({});
  });

  test("finds each message that is missing behind the snapshot or between two others", () => {
    expect(judge([...joinedAt(4), { sequence: 7 }])).toEqual({ lost: 2 });
    expect(judge([{ sequence: 6 }, ...joinedAt(4)])).toEqual({ lost: 1 });
    expect(judge([...joinedAt(4), { sequence: 5 }, { sequence: 7 }])).toEqual({ lost: 1 });
  });

  test("finds a message that comes twice, and one that the snapshot has in it", () => {
    expect(judge([...joinedAt(4), { sequence: 5 }, { sequence: 5 }])).toEqual({ duplicated: 1 });
    expect(judge([...joinedAt(4), { sequence: 4 }])).toEqual({ duplicated: 1 });
  });

  test("finds messages that change places, which are not lost", () => {
    expect(judge([...joinedAt(4), { sequence: 6 }, { sequence: 5 }])).toMatchObject({ reordered: 1 });
    expect(judge([...joinedAt(4), { sequence: 6 }, { sequence: 5 }]).lost).toBeUndefined();
  });

  test("finds the secret of another topic, in a message and in a snapshot", () => {
    expect(judge([...joinedAt(4), { sequence: 5, secret: "other" }])).toEqual({ foreign: 1 });
    expect(judge([{ sequence: 5, secret: "other" }, ...joinedAt(4)])).toEqual({ foreign: 1 });
  });

  test("finds a join without a snapshot, and a snapshot that nobody asked for", () => {
    expect(judge([{ sequence: 5 }, { sequence: 5, is: "answer" }])).toEqual({ lost: 1 });
    expect(judge([...joinedAt(4), { sequence: 4, is: "snapshot" }])).toEqual({ unasked: 1 });
  });

  test("finds a member that sees another life of the origin without having been told", () => {
    expect(judge([...joinedAt(4), { sequence: 1, epoch: 2 }])).toEqual({ silentHoles: 1 });
    expect(judge([...joinedAt(4), { sequence: 5, epoch: 0 }])).toEqual({ reordered: 1 });
  });

  test("takes a new snapshot for the end of a gap, before or behind the first messages", () => {
    const renewed: Step = { sequence: 2, epoch: 2, is: "snapshot" };
    expect(judge([...joinedAt(4), renewed, { sequence: 3, epoch: 2 }], true)).toEqual({});
    const early: readonly Step[] = [2, 3].map((sequence) => ({ sequence, epoch: 2 }));
    expect(judge([...joinedAt(4), ...early, renewed], true)).toEqual({});
    expect(judge([...joinedAt(4), renewed, { sequence: 4, epoch: 2 }], true)).toEqual({ lost: 1 });
  });

  test("lets a join that the death of the origin interrupted start again", () => {
    const interrupted: readonly Step[] = [{ sequence: 9 }, { sequence: 1, epoch: 2 }];
    const answered: readonly Step[] = [
      { sequence: 1, epoch: 2, is: "snapshot" },
      { sequence: 1, is: "answer" },
    ];
    expect(judge([...interrupted, ...answered, { sequence: 2, epoch: 2 }])).toEqual({});
  });

  test("knows a membership that is complete from one that is not", () => {
    const stream = new TopicStream(7, "client", false, new Verdicts());
    stream.snapshot({ topic: 7, epoch: 1, sequence: 4, secret: "own" });
    stream.joined();
    stream.message({ topic: 7, epoch: 1, sequence: 5, secret: "own" });
    expect([stream.isComplete(1, 5), stream.isComplete(1, 6), stream.isComplete(2, 5)]).toEqual([true, false, false]);
  });
});
