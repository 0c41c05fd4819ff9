import type { Random } from "../simulation/random.ts";

export interface Material {
  readonly corpus: readonly Buffer[];
  readonly dictionary: readonly Buffer[];
  readonly maxBytes: number;
}

/** Numbers at which lengths and counters break. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff] as const;

const empty = Buffer.alloc(0);

/** A new input: one of the corpus, changed a few times. The same random numbers and corpus give the same input. */
export function mutate(random: Random, material: Material): Buffer {
  let bytes = pickFrom(random, material.corpus);
  const changes = 1 << random.below(4);
  for (let count = 0; count < changes; count += 1) bytes = change(random, bytes, material);
  return bytes.subarray(0, material.maxBytes);
}

function change(random: Random, bytes: Buffer, { corpus, dictionary }: Material): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(9)) {
    case 0:
      return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
    case 1:
      return withByte(bytes, at, random.below(256));
    case 2:
      return splice(bytes, at, random.below(8), pickFrom(random, dictionary));
    case 3:
      return splice(bytes, at, 0, pickFrom(random, dictionary));
    case 4:
      return splice(bytes, at, random.below(16), empty);
    case 5:
      return lie(random, bytes, at);
    case 6:
      return repeat(random, bytes, at);
    case 7: {
      const other = pickFrom(random, corpus);
      return splice(bytes, at, bytes.length, other.subarray(random.below(other.length + 1)));
    }
    default:
      return nest(random, bytes, at);
  }
}

/** A length that is not true: a number of 1, 2 or 4 bytes in either order of bytes, or as digits. */
function lie(random: Random, bytes: Buffer, at: number): Buffer {
  const value = random.pick(edges);
  const width = random.pick([1, 2, 4]);
  const number = Buffer.alloc(4);
  if (random.chance(0.3)) return splice(bytes, at, 1, Buffer.from(String(value)));
  number[random.chance(0.5) ? "writeUInt32BE" : "writeUInt32LE"](value);
  return splice(bytes, at, width, number.subarray(0, width));
}

/** A stretch several times, sometimes very often: depth and counts. */
function repeat(random: Random, bytes: Buffer, at: number): Buffer {
  const piece = bytes.subarray(at, at + 1 + random.below(8));
  const times = random.chance(0.1) ? 200 : 1 + random.below(8);
  return splice(bytes, at, 0, Buffer.concat(Array.from({ length: times }, () => piece)));
}

/** Brackets around a stretch, as grammars nest. */
function nest(random: Random, bytes: Buffer, at: number): Buffer {
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ['"', '"'],
    ["\u0091", ""],
    ["\u0081\u00a1a", ""],
  ]);
  const end = at + random.below(bytes.length - at + 1);
  const middle = bytes.subarray(at, end);
  return splice(
    bytes,
    at,
    end - at,
    Buffer.concat([Buffer.from(open, "latin1"), middle, Buffer.from(close, "latin1")]),
  );
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  return splice(bytes, at, 1, Buffer.from([value]));
}

function splice(bytes: Buffer, at: number, removed: number, inserted: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
}

function pickFrom(random: Random, items: readonly Buffer[]): Buffer {
  return items[random.below(items.length)] ?? empty;
}
