import type { HubProtocol } from "../hub-protocol.ts";
import { parseJson, writeJson } from "./codec.ts";
import { JsonFrameSplitter } from "./framing.ts";
import { peekJson } from "./peek.ts";
import { elementRanges, readScalar, readScalars } from "./read-scalar.ts";
import * as writers from "./writers.ts";

export const jsonHubProtocol: HubProtocol = Object.freeze({
  name: "json",
  transferFormat: "Text",
  createSplitter: (maxFrameBytes: number) => new JsonFrameSplitter(maxFrameBytes),
  peek: peekJson,
  readScalar,
  readScalars,
  elementRanges,
  parse: parseJson,
  write: writeJson,
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
