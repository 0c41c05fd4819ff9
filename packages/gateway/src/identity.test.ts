import { expect, test } from "vitest";
import { type Identity, Owner } from "./identity.ts";

function identity(expiresAtMs: number): Identity {
  return { subject: "alice", claims: {}, expiresAtMs };
}

test("a connection ends with the last token that its user showed", () => {
  const owner = new Owner(identity(1000), "");
  expect([owner.hasExpired(999), owner.hasExpired(1000)]).toEqual([false, true]);
  owner.renew(identity(2000));
  owner.renew(identity(1500));
  expect([owner.hasExpired(1999), owner.hasExpired(2000)]).toEqual([false, true]);
});

test("nobody in particular never expires", () => {
  const owner = new Owner(undefined, "");
  owner.renew(undefined);
  expect(owner.hasExpired(Number.MAX_SAFE_INTEGER)).toBe(false);
});
