/**
 * Pure: which of `shardCount` shared upstreams a key belongs to, from 0. Rendezvous hashing: every shard has a score for
 * the key, and the highest wins. One shard more takes its share of the keys from all others alike, and no other key moves;
 * all gateways agree on the owner of a key without telling each other.
 */
export function shardOf(key: string, shardCount: number): number {
  if (shardCount === 1) return 0;
  const hash = hashOf(key);
  let owner = 0;
  let highest = -1;
  for (let shard = 0; shard < shardCount; shard += 1) {
    const score = mix(hash ^ mix(shard + shardSalt));
    if (score <= highest) continue;
    highest = score;
    owner = shard;
  }
  return owner;
}

/** So that no shard's own hash is 0, which would leave the key's as it is. */
const shardSalt = 0x9e3779b9;

/** FNV-1a, 32 bit, over UTF-16 code units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** The finalizer of MurmurHash3: every bit of the input changes half of those of the output. Unsigned. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
