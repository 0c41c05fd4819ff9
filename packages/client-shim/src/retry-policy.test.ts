import { HubConnectionBuilder } from "@microsoft/signalr";
import { expect, test } from "vitest";
import { retryPolicyOf } from "./retry-policy.ts";

const retryReason = new Error("gone");
const counts = [0, 1, 2, 3, 4, 5];

/** What the official builder makes of the same argument. */
function officialDelays(delaysMs: number[] | undefined): unknown[] {
  const builder = new HubConnectionBuilder();
  if (delaysMs === undefined) builder.withAutomaticReconnect();
  else builder.withAutomaticReconnect(delaysMs);
  const policy = Reflect.get(builder, "reconnectPolicy");
  return counts.map((previousRetryCount) => policy.nextRetryDelayInMilliseconds({ previousRetryCount }) ?? null);
}

test.for([undefined, [], [0], [5, 10, 15]])("delays %j are the official client's", (delaysMs) => {
  const policy = retryPolicyOf(delaysMs);
  const delays = counts.map((previousRetryCount) =>
    policy.nextRetryDelayInMilliseconds({ previousRetryCount, elapsedMilliseconds: 0, retryReason }),
  );
  expect(delays).toEqual(officialDelays(delaysMs));
});

test("an application's own policy is itself", () => {
  const policy = { nextRetryDelayInMilliseconds: () => 5 };
  expect(retryPolicyOf(policy)).toBe(policy);
});
