// Opens as many clients as each message of the parent says, and answers when all have joined two groups.
import { connect } from "node:net";
import { constants, deflateRawSync } from "node:zlib";

const [url, mode] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);
const atOnce = 50;
const eventCount = 40;
const buffer = Buffer.alloc(65_536);
const upgrade = [
  "GET /hubs/odds HTTP/1.1",
  `Host: ${host}`,
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  "\r\n",
].join("\r\n");
let openedCount = 0;

process.on("disconnect", () => process.exit());
process.on("message", async (count) => {
  for (let left = count; left > 0; left -= atOnce) {
    await Promise.all(Array.from({ length: Math.min(left, atOnce) }, openClient));
  }
  process.send("joined");
});

function openClient() {
  const number = openedCount++;
  const joins = [0, 1].map((id) => join(id, (number + 7 * id) % eventCount));
  /** What is awaited, and what is sent then. */
  const steps = [
    ["\r\n\r\n", frame('{"protocol":"json","version":1}')],
    ["{}\u001e", joins[0]],
    ['"invocationId":"0"', joins[1]],
    ['"invocationId":"1"', undefined],
  ];
  let received = "";
  return new Promise((resolve, reject) => {
    const callback = (length, bytes) => {
      received += bytes.toString("latin1", 0, length);
      while (steps.length > 0 && received.includes(steps[0][0])) {
        const [, answer] = steps.shift();
        if (answer === undefined) resolve();
        else socket.write(answer);
      }
      if (steps.length === 0) received = "";
      return true;
    };
    const socket = connect({ host: hostname, port, onread: { buffer, callback } });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("a client was closed")));
    socket.write(upgrade);
  });
}

function join(id, eventId) {
  return frame(`{"type":1,"invocationId":"${id}","target":"SubscribeToEvent","arguments":["${eventId}"]}`);
}

/** Masked with zeros. As Chromium does, everything is compressed if it may be. */
function frame(text) {
  const message = Buffer.from(`${text}\u001e`);
  const deflated = deflateRawSync(message, { windowBits: 10, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const [firstByte, payload] = mode === "compress" ? [0xc1, deflated] : [0x81, message];
  return Buffer.concat([Buffer.from([firstByte, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
