import type { Access } from "../config/hub-rules.ts";
import type { Identity } from "../identity.ts";

/** Pure: whether a rule is for this user, as far as the gateway can tell (aggregation.md 5). `probe` is up to the origin. */
export function isAllowed(access: Access, identity: Identity | undefined): boolean {
  switch (access.kind) {
    case "public":
    case "probe":
      return true;
    case "authenticated":
      return identity !== undefined;
    case "claims":
      return identity !== undefined && hasClaims(identity, access.claims);
  }
}

function hasClaims({ claims }: Identity, wanted: Readonly<Record<string, readonly string[]>>): boolean {
  return Object.entries(wanted).every(([name, allowed]) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((item) => isScalar(item) && allowed.includes(String(item)));
  });
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
