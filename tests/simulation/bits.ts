/** A set of topics, or of other things that are counted from 0 and are at most 31: one bit each. */
export type Bits = number;

export const noBits: Bits = 0;

export function bit(index: number): Bits {
  return 1 << index;
}

export function has(bits: Bits, index: number): boolean {
  return (bits & (1 << index)) !== 0;
}

export function bitsOf(indexes: readonly number[]): Bits {
  let bits = noBits;
  for (const index of indexes) bits |= 1 << index;
  return bits;
}
