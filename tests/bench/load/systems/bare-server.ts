import { once } from "node:events";
import { WebSocketServer } from "ws";
import { answerCalls } from "../child-calls.ts";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
await once(server, "listening");
const address = server.address();
if (typeof address === "string" || address === null) throw new Error("there is no port");
answerCalls({});
console.log(`listening on http://127.0.0.1:${address.port}`);
