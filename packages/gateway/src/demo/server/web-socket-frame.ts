import type { Frame, HubProtocol } from "@signalr-edge/protocol";

const finalText = 0x81;
const finalBinary = 0x82;

/**
 * One unmasked, final WebSocket frame around whole hub messages (RFC 6455, 5.2). Built once and written to every
 * recipient: text for JSON, binary for MessagePack, because clients insist on that (protocol.md 2.1).
 */
export function webSocketFrame(payload: Frame, protocol: HubProtocol): Buffer {
  const opcode = protocol.transferFormat === "Text" ? finalText : finalBinary;
  const length = payload.length;
  if (length < 126) return Buffer.concat([Buffer.from([opcode, length]), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.from([opcode, 126, length >> 8, length & 0xff]), payload]);
  const header = Buffer.alloc(10);
  header[0] = opcode;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}
