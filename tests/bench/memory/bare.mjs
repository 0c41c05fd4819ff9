import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { reportMemory } from "./report-memory.mjs";

/** The least that a server of this kind does: two listeners, an answer to each message, and a set of its clients. */
const server = createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (webSocket) => {
  webSocket.on("message", (data) => {
    const id = /"invocationId":"(\d+)"/.exec(data.toString())?.[1];
    webSocket.send(id === undefined ? "{}\u001e" : `{"type":3,"invocationId":"${id}","result":null}\u001e`);
  });
  webSocket.on("error", () => webSocket.terminate());
});
server.listen(0, "127.0.0.1", () => reportMemory(`http://127.0.0.1:${server.address().port}`));
