// Clients that read and do nothing else, in a process of their own: node drain.mjs PORT COUNT [OFFER]
import { connect } from "node:net";

const [port, count, offer] = process.argv.slice(2);
const buffer = Buffer.alloc(65_536);
const text = '{"protocol":"json","version":1}\u001e';
const handshake = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const upgrade = [
  "GET / HTTP/1.1",
  "Host: localhost",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ...(offer ? [`Sec-WebSocket-Extensions: ${offer}`] : []),
  "\r\n",
].join("\r\n");

for (let client = 0; client < Number(count); client += 1) {
  let isUpgraded = false;
  const socket = connect({
    port: Number(port),
    host: "127.0.0.1",
    onread: {
      buffer,
      callback() {
        if (!isUpgraded) socket.write(handshake);
        isUpgraded = true;
        return true;
      },
    },
  });
  socket.write(upgrade);
}
process.on("disconnect", () => process.exit());
