import { Finding, type Target } from "./target.ts";

/** Below this a run is too short to be compared with anything. */
const suspiciousMs = 2;

const maxFactor = 10;

/**
 * Refuses an input that took more than ten times as long as a plain one of its size. One slow run is a suspicion only,
 * because the machine may have been busy: the fastest of several decides.
 */
export function checkCost(target: Target, input: Buffer, elapsedMs: number): void {
  if (elapsedMs < suspiciousMs) return;
  const ownMs = fastestMs(target, input);
  if (ownMs < suspiciousMs) return;
  const plainMs = fastestMs(target, target.plain(input.length));
  if (ownMs > maxFactor * plainMs) {
    throw new Finding(`${input.length} bytes took ${ownMs.toFixed(2)} ms, a plain input ${plainMs.toFixed(2)} ms`);
  }
}

function fastestMs(target: Target, input: Buffer): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 7; run += 1) {
    const startedAtMs = performance.now();
    target.work(input);
    fastest = Math.min(fastest, performance.now() - startedAtMs);
  }
  return fastest;
}
