import { type CompletionPayload, hubProtocols } from "@signalr-edge/protocol";
import { expect, test } from "vitest";
import type { PassThroughClient } from "../aggregation/ports.ts";
import { NoPrivateUpstream } from "./no-private-upstream.ts";

class Client implements PassThroughClient {
  readonly protocol = hubProtocols.json;
  readonly seen: string[] = [];

  handshakeAccepted(): void {
    this.seen.push("accepted");
  }

  complete(invocationId: string, payload: CompletionPayload): void {
    this.seen.push(`${invocationId}: ${payload.kind === "error" ? payload.error : payload.kind}`);
  }

  handshakeRefused(): void {}
  relay(): void {}
  upstreamEnded(): void {}
  pauseReading(): void {}
  resumeReading(): void {}
}

function sendAll(...texts: readonly string[]): readonly string[] {
  const client = new Client();
  const upstream = new NoPrivateUpstream(client);
  upstream.start(client.protocol);
  for (const text of texts) upstream.send(client.protocol.peek(Buffer.from(`${text}\u001e`)));
  return client.seen;
}

test("every client is accepted", () => {
  expect(sendAll()).toEqual(["accepted"]);
});

test("an invocation is answered like one of a method that does not exist", () => {
  const error = "Failed to invoke 'Bet' due to an error on the server. HubException: Method does not exist.";
  expect(sendAll('{"type":1,"invocationId":"7","target":"Bet","arguments":[]}')).toEqual(["accepted", `7: ${error}`]);
  expect(sendAll('{"type":4,"invocationId":"8","target":"Bet","arguments":[]}')).toEqual(["accepted", `8: ${error}`]);
});

test("nothing else is answered", () => {
  const seen = sendAll(
    '{"type":1,"target":"Bet","arguments":[]}',
    '{"type":2,"invocationId":"7","item":1}',
    '{"type":3,"invocationId":"7","result":1}',
    '{"type":5,"invocationId":"7"}',
  );
  expect(seen).toEqual(["accepted"]);
});
