import type { HubMessage } from "@signalr-edge/protocol";
import { expect } from "vitest";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q200-Q203: streams to the hub. */
export function uploadCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q200 the hub gets all items of an upload", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(upload("1", ["0"]), item("0", 1), item("0", 2), item("0", 3), { type: 3, invocationId: "0" });
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 6 });
  });

  suite.test("Q200 two uploads of one invocation are kept apart", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(
      { type: 1, invocationId: "1", target: "UploadTwo", arguments: [], streamIds: ["a", "b"] },
      item("b", 10),
      item("a", 1),
      { type: 3, invocationId: "a" },
      item("b", 20),
      { type: 3, invocationId: "b" },
    );
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: [1, 30] });
  });

  suite.test("Q201 an upload that fails is an error in the hub", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "0", target: "WhoAmI", arguments: [] });
    const who = await client.nextMessage();
    const connectionId = who.type === 3 ? String(who.result) : "";
    client.sendMessages(upload("1", ["s"]), item("s", 1), { type: 3, invocationId: "s", error: "the file is gone" });
    const error = "An unexpected error occurred invoking 'Upload' on the server. HubException: the file is gone";
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", error });
    const ended = { kind: "uploadEnded", name: "Upload", connectionId } as const;
    expect(await suite.target.origin.control.waitFor(ended)).toMatchObject({ error: "the file is gone" });
  });

  suite.test("Q202 other invocations are answered during an upload", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(upload("1", ["s"]), item("s", 1));
    client.sendMessages({ type: 1, invocationId: "2", target: "Add", arguments: [1, 2] });
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "2", result: 3 });
    client.sendMessages(item("s", 2), { type: 3, invocationId: "s" });
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
  });

  suite.test("Q203 an upload with a stream too many is refused", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(upload("1", ["a", "b"]));
    const error =
      "An unexpected error occurred invoking 'Upload' on the server. HubException: Client sent 2 stream(s), Hub method expects 1.";
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", error });
  });
}

function upload(invocationId: string, streamIds: readonly string[]): HubMessage {
  return { type: 1, invocationId, target: "Upload", arguments: [], streamIds };
}

function item(invocationId: string, value: number): HubMessage {
  return { type: 2, invocationId, item: value };
}
