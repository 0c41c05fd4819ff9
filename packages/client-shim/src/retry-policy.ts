import type { IRetryPolicy } from "@microsoft/signalr";

/** The documented default of `withAutomaticReconnect()`. */
const defaultDelaysMs: readonly number[] = [0, 2000, 10_000, 30_000];

/** What `withAutomaticReconnect` takes, as a policy. */
export function retryPolicyOf(given: readonly number[] | IRetryPolicy | undefined): IRetryPolicy {
  if (given !== undefined && "nextRetryDelayInMilliseconds" in given) return given;
  const delaysMs = given === undefined ? defaultDelaysMs : [...given];
  return { nextRetryDelayInMilliseconds: ({ previousRetryCount }) => delaysMs[previousRetryCount] ?? null };
}
