import type { HubMessage } from "@signalr-edge/protocol";
import type { RawConnection } from "../support/raw-connection.ts";

/** One thing that a client does, and how many frames come of it. The next one waits for them. */
export interface Interaction {
  readonly messages: (client: RawConnection) => readonly HubMessage[];
  readonly frameCount: number;
}

const endless = 1_000_000_000;
const text = 'é😀 \\ " \u0000 </script>';
const nested = { b: [1, -1, 0.5, true, false, null, ""], a: { "2": 0, "1": [[[]]] } };

/**
 * 50 interactions whose answers hold nothing that two runs could not have in common, such as times and connection ids.
 * `name` is a group that no other run has.
 */
export function transcriptScript(name: string): readonly Interaction[] {
  return [
    ...valueInteractions(),
    ...errorInteractions(),
    ...streamInteractions(),
    ...questionInteractions(),
    ...groupInteractions(name),
    ...contextInteractions(),
    call("Add", 1, 2),
    { messages: () => [{ type: 1, target: "AbortMe", arguments: [] }], frameCount: 1 },
  ];
}

function valueInteractions(): readonly Interaction[] {
  return [
    call("Add", -1, 2_000_000_000),
    call("Void"),
    call("Null"),
    call("Echo", text),
    call("Echo", nested),
    call("EchoRaw", text),
    call("EchoRaw", nested),
    call("EchoRaw", [0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, -32, -33, -128, -129, 1.5]),
    call("GetItem"),
    call("Types"),
    call("Big", 70_000),
    { messages: () => [invocation("CallerMessage", [])], frameCount: 2 },
    { messages: () => [invocation("CallerThenReturn", [20])], frameCount: 21 },
    { messages: () => ["a", "b", "c"].map((id) => invocation("Add", [1, 2], id)), frameCount: 3 },
  ];
}

function errorInteractions(): readonly Interaction[] {
  return [
    call("Nope"),
    call("Add", 1, 2, 3),
    call("Add", "one", 2),
    call("Throw"),
    call("ThrowHub", text),
    call("Secret"),
    { messages: () => [{ type: 4, invocationId: "i", target: "Add", arguments: [1, 2] }], frameCount: 1 },
    { messages: () => [{ type: 1, target: "Nope", arguments: [] }, invocation("Add", [1, 2])], frameCount: 1 },
    { messages: () => [{ type: 3, invocationId: "none", result: 1 }, invocation("Add", [1, 2])], frameCount: 1 },
  ];
}

function streamInteractions(): readonly Interaction[] {
  const stream = (target: string, ...args: readonly unknown[]): HubMessage => ({
    type: 4,
    invocationId: "stream",
    target,
    arguments: args,
  });
  return [
    { messages: () => [stream("Counter", 10, 0)], frameCount: 11 },
    { messages: () => [stream("CounterThrow", 3)], frameCount: 4 },
    { messages: () => [stream("Counter", endless, 10_000)], frameCount: 1 },
    { messages: () => [{ type: 5, invocationId: "stream" }], frameCount: 1 },
    // The second stream under one id is refused.
    { messages: () => [stream("Counter", endless, 10_000)], frameCount: 1 },
    { messages: () => [stream("Counter", 1, 0)], frameCount: 1 },
    {
      messages: () => [upload("Upload", ["u"]), item("u", 1), item("u", 2), { type: 3, invocationId: "u" }],
      frameCount: 1,
    },
    { messages: () => [upload("Upload", ["u"]), { type: 3, invocationId: "u", error: "gone" }], frameCount: 1 },
    { messages: () => [upload("Upload", ["u", "v"])], frameCount: 1 },
  ];
}

function questionInteractions(): readonly Interaction[] {
  const answers: readonly object[] = [{ result: "42" }, { result: null }, { error: "no idea" }];
  return answers.flatMap((answer) => [
    { messages: () => [invocation("AskClient", [text])], frameCount: 1 },
    {
      messages: (client) => {
        const last = client.frames.at(-1);
        const question = last === undefined ? undefined : client.wire.decode(last);
        const invocationId = question?.type === 1 ? (question.invocationId ?? "") : "";
        return [{ type: 3, invocationId, ...answer }];
      },
      frameCount: 1,
    },
  ]);
}

function groupInteractions(name: string): readonly Interaction[] {
  return [
    call("SubscribeText", name),
    call("Join", name),
    { messages: () => [invocation("SendGroup", [name, text])], frameCount: 2 },
    call("Leave", name),
    call("SendGroup", name, text),
    call("UnsubscribeText", name),
  ];
}

function contextInteractions(): readonly Interaction[] {
  return [call("UserName"), call("Claims"), call("QueryValue", "room"), call("HeaderValue", "X-Tenant")];
}

function call(target: string, ...args: readonly unknown[]): Interaction {
  return { messages: () => [invocation(target, args)], frameCount: 1 };
}

function invocation(target: string, args: readonly unknown[], invocationId = "i"): HubMessage {
  return { type: 1, invocationId, target, arguments: args };
}

function upload(target: string, streamIds: readonly string[]): HubMessage {
  return { type: 1, invocationId: "i", target, arguments: [], streamIds };
}

function item(invocationId: string, value: number): HubMessage {
  return { type: 2, invocationId, item: value };
}
