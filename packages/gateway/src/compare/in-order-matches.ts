/** Positions of equal elements in two lists. */
export type Match = readonly [left: number, right: number];

/** More pairs of equal elements than this are not looked at: the n-th of each kind is then taken for the n-th. */
const maxPairCount = 2_000_000;

/**
 * A longest common subsequence of two lists, as matching positions in ascending order (Hunt and Szymanski 1977: fast
 * where few elements are equal, as in messages with numbers in them).
 */
export function inOrderMatches(left: readonly string[], right: readonly string[]): readonly Match[] {
  const places = placesOf(right);
  const pairCount = left.reduce((sum, form) => sum + (places.get(form)?.length ?? 0), 0);
  const candidates = pairCount > maxPairCount ? nthOfEach(left, places) : allOfEach(left, places);
  return longestIncreasing(candidates);
}

interface Chain {
  readonly match: Match;
  readonly before: Chain | undefined;
}

/** `candidates`: for each position on the left, positions on the right in descending order. */
function longestIncreasing(candidates: readonly (readonly number[])[]): readonly Match[] {
  // ends[n]: of all chains of n + 1 matches, the one that ends farthest to the left.
  const ends: Chain[] = [];
  for (const [left, rights] of candidates.entries()) {
    for (const right of rights) {
      const length = firstAtLeast(ends, right);
      ends[length] = { match: [left, right], before: ends[length - 1] };
    }
  }
  const matches: Match[] = [];
  for (let chain = ends.at(-1); chain !== undefined; chain = chain.before) matches.push(chain.match);
  return matches.reverse();
}

function firstAtLeast(ends: readonly Chain[], right: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const end = ends[middle]?.match[1] ?? Number.POSITIVE_INFINITY;
    if (end < right) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placesOf(forms: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [index, form] of forms.entries()) {
    const known = places.get(form);
    if (known === undefined) places.set(form, [index]);
    else known.push(index);
  }
  return places;
}

function allOfEach(left: readonly string[], places: ReadonlyMap<string, readonly number[]>): (readonly number[])[] {
  const descending = new Map([...places].map(([form, list]) => [form, list.toReversed()] as const));
  return left.map((form) => descending.get(form) ?? []);
}

function nthOfEach(left: readonly string[], places: ReadonlyMap<string, readonly number[]>): (readonly number[])[] {
  const counts = new Map<string, number>();
  return left.map((form) => {
    const count = counts.get(form) ?? 0;
    counts.set(form, count + 1);
    const place = places.get(form)?.[count];
    return place === undefined ? [] : [place];
  });
}
