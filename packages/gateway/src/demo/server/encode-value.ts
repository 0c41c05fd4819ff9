import type { HubProtocol } from "@signalr-edge/protocol";
import { MessageType } from "@signalr-edge/protocol";
import { ProtocolValue, RawValue } from "./hub-definition.ts";

/**
 * The bytes of one argument, item or result in this hub protocol. `undefined` is null, as .NET has no other "nothing".
 * Throws what the protocol's encoder throws for a value that it has no form for.
 */
export function encodeValue(value: unknown, protocol: HubProtocol): Uint8Array {
  if (value instanceof RawValue) return value.bytes[protocol.name] ?? protocol.nullValue;
  if (value instanceof ProtocolValue) return encodeValue(value.shape(protocol.name), protocol);
  if (value === undefined || value === null) return protocol.nullValue;
  const frame = protocol.write({ type: MessageType.StreamItem, invocationId: "0", item: value });
  const item = protocol.peek(frame).item;
  if (item === undefined) throw new Error(`the ${protocol.name} protocol wrote a stream item without an item`);
  return frame.subarray(item.start, item.end);
}
