const firstDelayMs = 250;
const maxDelayMs = 2000;

/**
 * Delay before connection attempt `attempt` (0 is the first repeat), milliseconds: full jitter below a bound that doubles
 * from 250 ms to 2 s (aggregation.md R-31). `random` is uniform in [0, 1).
 */
export function backoffDelayMs(attempt: number, random: number): number {
  return random * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt, 10));
}
