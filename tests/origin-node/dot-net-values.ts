import type { HubProtocol, HubProtocolName } from "@signalr-edge/protocol";
import { hubProtocols } from "@signalr-edge/protocol";
import { encodeValue } from "../../packages/gateway/src/demo/server/encode-value.ts";
import { ProtocolValue, RawValue } from "../../packages/gateway/src/demo/server/hub-definition.ts";

/** A 64-bit integer. */
export function longValue(value: bigint): ProtocolValue {
  return new ProtocolValue((protocol) => (protocol === "json" ? jsonText(String(value)) : messagePackLong(value)));
}

/** A double, which MessagePack writes in 8 bytes even if it is whole. */
export function doubleValue(value: number): ProtocolValue {
  return new ProtocolValue((protocol) => {
    if (protocol === "json") return value;
    const bytes = Buffer.alloc(9);
    bytes[0] = 0xcb;
    bytes.writeDoubleBE(value, 1);
    return new RawValue({ messagepack: bytes });
  });
}

/**
 * An object with these members in this order, named with a small letter in JSON and with a capital in MessagePack. At
 * most 15 members, whose values may be made by the functions here.
 */
export function recordValue(members: Readonly<Record<string, unknown>>): ProtocolValue {
  return new ProtocolValue((name) => {
    const protocol = hubProtocols[name];
    const encoded = Object.entries(members).flatMap(([member, value]) => [
      encodeValue(memberName(member, name), protocol),
      encodeValue(value, protocol),
    ]);
    return new RawValue({ [name]: name === "json" ? jsonObject(encoded) : messagePackMap(encoded) });
  });
}

export function arrayValue(elements: readonly unknown[]): ProtocolValue {
  return new ProtocolValue((name) => {
    const protocol: HubProtocol = hubProtocols[name];
    const encoded = elements.map((element) => encodeValue(element, protocol));
    return new RawValue({ [name]: protocol.writeArray(encoded) });
  });
}

/** A value that is written down here as each protocol has it. */
export function literalValue(json: string, messagePackHex: string): RawValue {
  return new RawValue({ json: Buffer.from(json), messagepack: Buffer.from(messagePackHex.replaceAll(" ", ""), "hex") });
}

function memberName(name: string, protocol: HubProtocolName): string {
  return protocol === "json" ? name : name.charAt(0).toUpperCase() + name.slice(1);
}

function jsonText(text: string): RawValue {
  return new RawValue({ json: Buffer.from(text) });
}

/** The shortest form. */
function messagePackLong(value: bigint): number | RawValue {
  if (value >= -0x80000000n && value <= 0xffffffffn) return Number(value);
  const bytes = Buffer.alloc(9);
  bytes[0] = value < 0n ? 0xd3 : 0xcf;
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  return new RawValue({ messagepack: bytes });
}

/** `encoded` alternates names and values. */
function jsonObject(encoded: readonly Uint8Array[]): Buffer {
  const pieces = encoded.flatMap((bytes, index) => {
    const before = index === 0 ? "{" : index % 2 === 1 ? ":" : ",";
    return [Buffer.from(before), bytes];
  });
  return Buffer.concat([...pieces, Buffer.from("}")]);
}

function messagePackMap(encoded: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([0x80 | (encoded.length / 2)]), ...encoded]);
}
