import { expect, test } from "vitest";
import { type Credentials, Owner } from "./identity.ts";

function shown(expiresAtMs: number | undefined): Credentials {
  return { identity: undefined, credential: "", expiresAtMs };
}

test("a connection ends with the last token that its user showed", () => {
  const owner = new Owner(shown(1000));
  expect([owner.hasExpired(999), owner.hasExpired(1000)]).toEqual([false, true]);
  owner.renew(shown(2000));
  owner.renew(shown(1500));
  owner.renew(shown(undefined));
  expect([owner.hasExpired(1999), owner.hasExpired(2000)]).toEqual([false, true]);
});

test("a token without an end never expires", () => {
  const owner = new Owner(shown(undefined));
  owner.renew(shown(undefined));
  expect(owner.hasExpired(Number.MAX_SAFE_INTEGER)).toBe(false);
});
