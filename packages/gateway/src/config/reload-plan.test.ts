import { expect, test } from "vitest";
import { loadConfig } from "./load.ts";
import { planReload } from "./reload-plan.ts";
import type { Config } from "./schema.ts";

const event = {
  name: "event",
  access: "public",
  join: { method: "Subscribe", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [{ target: "OddsChanged", key: "{0.eventId}" }],
};
const odds = { path: "/odds", origin: "http://127.0.0.1:5000/odds", groups: [event] };
const other = { path: "/other", origin: "http://127.0.0.1:5000/other" };

function configOf(hubs: readonly object[], rest: object = {}): Config {
  const loaded = loadConfig(JSON.stringify({ hubs, ...rest }), { format: "json", environment: {}, fileName: "test" });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

function changes(before: readonly object[], after: readonly object[]): readonly string[] {
  const plan = planReload(configOf(before), configOf(after));
  if (!plan.ok) throw new Error(plan.errors.join());
  return plan.hubs.map(({ kind, hub }) => `${kind} ${hub.path}`);
}

test("the same configuration, written another way, keeps every hub", () => {
  const written = { ...odds, path: "/odds/", groups: [{ ...event, lingerMs: 10_000 }] };
  expect(changes([odds, other], [other, written])).toEqual(["kept /other", "kept /odds"]);
});

for (const [what, group] of Object.entries({
  access: { access: { claims: { tier: ["vip"] } } },
  onGap: { onGap: "ignore" },
  lingerMs: { lingerMs: 1 },
  joinResult: { joinResult: "cached", cacheMs: 5 },
  onSlow: { messages: [{ target: "OddsChanged", key: "{0.eventId}", onSlow: "drop" }] },
})) {
  test(`a group's ${what} is adjusted while clients are connected`, () => {
    const jwt = { authentication: { jwt: { issuer: "i", audience: "a", jwksUrl: "https://keys.example/jwks" } } };
    const after = { ...odds, ...jwt, groups: [{ ...event, ...group }] };
    expect(changes([{ ...odds, ...jwt }], [after])).toEqual(["adjusted /odds"]);
  });
}

for (const [what, hub] of Object.entries({
  "the origin": { origin: "http://127.0.0.1:5001/odds" },
  authentication: { authentication: "none" },
  "a key template": { groups: [{ ...event, join: { method: "Subscribe", key: "{1}" } }] },
  "a new target": {
    groups: [{ ...event, messages: [...event.messages, { target: "Closed", key: "{0.eventId}" }] }],
  },
  "one group less": { groups: [], privateUpstream: "lazy" },
  "a broadcast": { broadcasts: [{ target: "News" }] },
})) {
  test(`${what} starts the hub anew`, () => {
    expect(changes([odds, other], [{ ...odds, ...hub }, other])).toEqual(["replaced /odds", "kept /other"]);
  });
}

test("hubs come and go", () => {
  expect(changes([odds], [other])).toEqual(["added /other", "removed /odds"]);
});

test("limits alone touch no hub", () => {
  const plan = planReload(configOf([odds]), configOf([odds], { limits: { maxGroupsPerClient: 3 } }));
  expect(plan).toMatchObject({ ok: true, hubs: [{ kind: "kept" }] });
});

test("what needs a restart is named, all of it at once", () => {
  const plan = planReload(
    configOf([odds]),
    configOf([odds], { listen: { port: 8081 }, admin: { port: 9091 }, log: { level: "debug" } }),
  );
  expect(plan).toEqual({
    ok: false,
    errors: ["listen.port", "admin", "log"].map(
      (path) => `${path}: cannot change while the gateway runs; restart it, or set it back`,
    ),
  });
});
