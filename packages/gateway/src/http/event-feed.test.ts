import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EventFeed } from "./event-feed.ts";

async function openReader(feed: EventFeed) {
  const server = createServer((_request, response) => feed.open(response, "hello", { a: 1 })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const outgoing = request({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent: false });
  outgoing.on("error", () => outgoing.destroy());
  outgoing.end();
  const served = once(server, "request") as Promise<[IncomingMessage, ServerResponse]>;
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  incoming.on("error", () => incoming.destroy());
  onTestFinished(() => {
    outgoing.destroy();
    server.closeAllConnections();
    server.close();
  });
  const [, response] = await served;
  return { incoming, response };
}

test("a reader gets its first event, and then what all get", async () => {
  const feed = new EventFeed();
  const { incoming } = await openReader(feed);
  feed.send("tick", { b: Number.NaN });
  let text = "";
  incoming.setEncoding("utf8");
  while (!text.includes("tick")) text += (await once(incoming, "data"))[0];
  expect(text).toBe('retry: 2000\n\nevent: hello\ndata: {"a":1}\n\nevent: tick\ndata: {"b":null}\n\n');
  expect(incoming.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
  });
});

test("a reader that does not read is cut, and the others are not", async () => {
  const feed = new EventFeed();
  const [slow, quick] = [await openReader(feed), await openReader(feed)];
  quick.incoming.resume();
  const cut = once(slow.response, "close");
  const filler = "x".repeat(1024 * 1024);
  while (feed.readerCount === 2) {
    feed.send("tick", filler);
    // The quick one takes it.
    while (quick.response.writableLength > 0) await once(quick.response, "drain");
  }
  await cut;
  expect(feed.readerCount).toBe(1);
  expect(quick.response.destroyed).toBe(false);
});

test("a reader that leaves is forgotten", async () => {
  const feed = new EventFeed();
  const { incoming, response } = await openReader(feed);
  expect(feed.readerCount).toBe(1);
  incoming.destroy();
  await once(response, "close");
  expect(feed.readerCount).toBe(0);
});
