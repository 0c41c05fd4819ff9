// node tests/bench/memory/main.mjs [--clients 4000] [--runs 3] [--compress]
// Memory of an idle client of the gateway (handshake done, 2 groups) beside one of a bare `ws` server that has answered the
// same messages, in the same run. Origin, gateway, server and clients are processes of their own; needs `npm run build`.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "4000" },
    runs: { type: "string", default: "3" },
    compress: { type: "boolean", default: false },
  },
});
const clientCount = Number(values.clients);
/** Before the first measurement, so that everything that all clients share is there. */
const firstCount = 500;

const mode = values.compress ? "compress" : "plain";
const origin = start("origin.mjs");
const originUrl = await next(origin);
for (let run = 0; run < Number(values.runs); run += 1) {
  const bare = await measure(start("bare.mjs"), "plain");
  const gateway = await measure(start("gateway.mjs", originUrl, mode), mode);
  const ratio = (name) => (gateway[name] / bare[name]).toFixed(2);
  console.log(`bare ws ${text(bare)}; gateway ${text(gateway)}; ratio: rss ${ratio("rss")}, heap ${ratio("heap")}`);
}
origin.disconnect();

function start(file, ...args) {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ["--expose-gc"] });
}

function next(child) {
  return new Promise((resolve) => child.once("message", resolve));
}

async function measure(server, clientMode) {
  const url = await next(server);
  const clients = start("clients.mjs", url, clientMode);
  const before = await memoryWith(clients, server, firstCount);
  const after = await memoryWith(clients, server, clientCount);
  clients.disconnect();
  server.disconnect();
  return { rss: (after.rss - before.rss) / clientCount, heap: (after.heap - before.heap) / clientCount };
}

async function memoryWith(clients, server, moreCount) {
  clients.send(moreCount);
  await next(clients);
  server.send("measure");
  return next(server);
}

function text({ rss, heap }) {
  return `${Math.round(rss)} B rss, ${Math.round(heap)} B heap`;
}
