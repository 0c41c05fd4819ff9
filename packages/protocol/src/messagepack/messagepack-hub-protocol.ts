import type { HubProtocol } from "../hub-protocol.ts";
import { parseMessagePack, writeMessagePack } from "./codec.ts";
import { MessagePackFrameSplitter } from "./framing.ts";
import { peekMessagePack } from "./peek.ts";
import { elementRanges, readScalar, readScalars } from "./read-scalar.ts";
import * as writers from "./writers.ts";

export const messagePackHubProtocol: HubProtocol = Object.freeze({
  name: "messagepack",
  transferFormat: "Binary",
  createSplitter: (maxFrameBytes: number) => new MessagePackFrameSplitter(maxFrameBytes),
  peek: peekMessagePack,
  readScalar,
  readScalars,
  elementRanges,
  parse: parseMessagePack,
  write: writeMessagePack,
  pingFrame: writers.pingFrame,
  writeClose: writers.writeClose,
  writeCompletion: writers.writeCompletion,
  writeInvocation: writers.writeInvocation,
  writeStreamInvocation: writers.writeStreamInvocation,
  writeStreamItem: writers.writeStreamItem,
  writeCancelInvocation: writers.writeCancelInvocation,
  writeAck: writers.writeAck,
  writeSequence: writers.writeSequence,
  writeScalar: writers.writeScalar,
  writeArray: writers.writeArray,
  nullValue: writers.nullValue,
});
