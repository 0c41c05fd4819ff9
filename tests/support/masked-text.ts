/** A whole WebSocket text frame as a client sends it, with a mask of zeros. At most 125 bytes of text. */
export function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new Error(`${payload.length} bytes do not fit into a short frame`);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
