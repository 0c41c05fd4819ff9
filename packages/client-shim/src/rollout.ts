/**
 * Where a device stands in every roll-out, in [0, 1): always the same for the same id, evenly spread, so that a larger
 * share only adds devices. It is FNV-1a (32 bits) over the UTF-8 bytes, mixed by the finalizer of MurmurHash3, divided by
 * 2^32. FNV-1a alone would put ids that differ in their last digit close together.
 */
export function rolloutPosition(deviceId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(deviceId)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Whether the device belongs to the first `share` (0 is nobody, 1 is everybody) of all devices. */
export function isInRollout(deviceId: string, share: number): boolean {
  return rolloutPosition(deviceId) < share;
}
