import type { ByteRange, Frame, PathStep, Scalar } from "../hub-protocol.ts";
import type { NameMatch } from "../property-name.ts";
import { matchName, matchNameBytes } from "../property-name.ts";
import { integerAt } from "./integer.ts";
import { arrayLength, containerHeaderLength, mapLength, skipValue, stringHeaderLength } from "./scan.ts";

/** `HubProtocol.readScalar` for MessagePack. */
export function readScalar(frame: Frame, range: ByteRange, path: readonly PathStep[]): Scalar | undefined {
  const position = locate(frame, range.start, path);
  return position < 0 ? undefined : scalarAt(frame, position);
}

/** `HubProtocol.readScalars` for MessagePack. */
export function readScalars(frame: Frame, range: ByteRange, path: readonly PathStep[]): readonly Scalar[] | undefined {
  const ranges = elementRanges(frame, range, path);
  if (ranges === undefined) return undefined;
  const scalars: Scalar[] = [];
  for (const { start } of ranges) {
    const scalar = scalarAt(frame, start);
    if (scalar === undefined) return undefined;
    scalars.push(scalar);
  }
  return scalars;
}

/** `HubProtocol.elementRanges` for MessagePack. */
export function elementRanges(
  frame: Frame,
  range: ByteRange,
  path: readonly PathStep[],
): readonly ByteRange[] | undefined {
  const array = locate(frame, range.start, path);
  if (array < 0) return undefined;
  const count = arrayLength(frame, array);
  if (count < 0) return undefined;
  const ranges: ByteRange[] = [];
  let start = array + containerHeaderLength(frame, array);
  for (let index = 0; index < count; index += 1) {
    const end = skipAccepted(frame, start);
    ranges.push({ start, end });
    start = end;
  }
  return ranges;
}

/** Position of the value that `path` leads to, -1 if it leads nowhere. */
function locate(frame: Frame, start: number, path: readonly PathStep[]): number {
  let position = start;
  for (const step of path) {
    position = typeof step === "number" ? elementAt(frame, position, step) : propertyAt(frame, position, step);
    if (position < 0) break;
  }
  return position;
}

function elementAt(frame: Frame, array: number, index: number): number {
  const count = arrayLength(frame, array);
  if (!Number.isInteger(index) || index < 0 || index >= count) return -1;
  let position = array + containerHeaderLength(frame, array);
  for (let passed = 0; passed < index; passed += 1) position = skipAccepted(frame, position);
  return position;
}

/** The last of several equal names, as in JSON. Keys that are no strings are passed over. */
function propertyAt(frame: Frame, map: number, name: string): number {
  const count = mapLength(frame, map);
  let exact = -1;
  let ignoringCase = -1;
  let position = count < 0 ? map : map + containerHeaderLength(frame, map);
  for (let index = 0; index < count; index += 1) {
    const value = skipAccepted(frame, position);
    const header = stringHeaderLength(frame, position);
    if (header >= 0) {
      const match = matchAt(frame, position + header, value, name);
      if (match === "exact") exact = value;
      if (match === "ignoringCase") ignoringCase = value;
    }
    position = skipAccepted(frame, value);
  }
  return exact >= 0 ? exact : ignoringCase;
}

function matchAt(frame: Frame, start: number, end: number, name: string): NameMatch {
  return matchNameBytes(frame, start, end, name) ?? matchName(frame.toString("utf8", start, end), name);
}

/** `peek` has checked the depth. */
function skipAccepted(frame: Frame, start: number): number {
  return skipValue(frame, start, 0, Number.POSITIVE_INFINITY);
}

function scalarAt(frame: Frame, start: number): Scalar | undefined {
  const header = stringHeaderLength(frame, start);
  if (header >= 0) return { kind: "string", text: frame.toString("utf8", start + header, skipAccepted(frame, start)) };
  const integer = integerAt(frame, start);
  if (integer !== undefined) return { kind: "integer", text: integer.toString() };
  if (frame[start] === 0xc2) return { kind: "boolean", text: "false" };
  if (frame[start] === 0xc3) return { kind: "boolean", text: "true" };
  return undefined;
}
