import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { askNegotiate } from "../support/negotiate.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { patienceMs, updatesOf } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const states = ["new", "already on"] as const;
const subjects = ["anonymous", "user", "vip", "expired", "revoked"] as const;
type Subject = (typeof subjects)[number];

/**
 * What becomes of a subject that wants into a group. `door`: it cannot even connect. `gateway`, `origin`: its join is
 * refused, by whom the rule leaves it to.
 */
type Verdict = "in" | "door" | "gateway" | "origin";

interface Place {
  readonly name: string;
  readonly access: unknown;
  readonly join: string;
  /** Only `probe` needs one. */
  readonly leave?: string;
  readonly target: string;
  readonly verdicts: Readonly<Record<Subject, Verdict>>;
}

/** Who knows the users, and what they may. The insider is in every group that is already on. */
interface Matrix {
  readonly who: "the gateway" | "the origin";
  readonly hub: HubPath;
  readonly places: readonly Place[];
}

/** No token, one that has ended, and one whose key was withdrawn are all the same to a hub that wants one. */
const strangers = { anonymous: "door", expired: "door", revoked: "door" } as const;
const vips = { claims: { tier: ["vip"] } };

const matrices: readonly Matrix[] = [
  {
    who: "the gateway",
    hub: hubPaths.contract,
    places: [
      {
        name: "public",
        access: "public",
        join: "Subscribe",
        target: "PublicChanged",
        verdicts: { ...strangers, user: "in", vip: "in" },
      },
      {
        name: "authenticated",
        access: "authenticated",
        join: "SubscribeWithCallerSnapshot",
        target: "UserChanged",
        verdicts: { ...strangers, user: "in", vip: "in" },
      },
      {
        name: "for vip claims",
        access: vips,
        join: "SubscribeSlow",
        target: "VipChanged",
        verdicts: { ...strangers, user: "gateway", vip: "in" },
      },
      {
        name: "probed and allowed",
        access: "probe",
        join: "SubscribeAsked",
        leave: "UnsubscribeAsked",
        target: "AskedChanged",
        verdicts: { ...strangers, user: "in", vip: "in" },
      },
      {
        name: "probed and denied",
        access: "probe",
        join: "SubscribeOpen",
        leave: "Unsubscribe",
        target: "OpenChanged",
        // The origin does not know the users of these tokens; it lets in whose query says `market=open`.
        verdicts: { ...strangers, user: "origin", vip: "origin" },
      },
    ],
  },
  {
    // Everybody may connect to this hub; whose token is no good is anonymous there.
    who: "the origin",
    hub: hubPaths.stateful,
    places: [
      {
        name: "public",
        access: "public",
        join: "Subscribe",
        target: "PublicChanged",
        verdicts: { anonymous: "in", user: "in", vip: "in", expired: "in", revoked: "in" },
      },
      {
        name: "probed and allowed",
        access: "probe",
        join: "SubscribeAsked",
        leave: "UnsubscribeAsked",
        target: "AskedChanged",
        verdicts: { anonymous: "in", user: "in", vip: "in", expired: "in", revoked: "origin" },
      },
      {
        name: "probed and denied, but to vips",
        access: "probe",
        join: "SubscribeVip",
        leave: "Unsubscribe",
        target: "VipChanged",
        verdicts: { anonymous: "origin", user: "origin", vip: "in", expired: "origin", revoked: "origin" },
      },
    ],
  },
];

/** How somebody connects. */
interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: string;
}

describe.skipIf(!aspNetOriginAvailable)("access matrix", () => {
  const files = new TestFiles();
  let issuer: TokenIssuer;
  let withdrawn: TokenIssuer;
  let edge: Edge;
  let lastNumber = 1_000;

  beforeAll(async () => {
    issuer = await TokenIssuer.create();
    withdrawn = await TokenIssuer.create("withdrawn");
    const jwksFile = files.write("keys.json", issuer.jwks(withdrawn));
    const jwt = { issuer: testIssuer, audience: testAudience, jwksFile };
    const hubs = matrices.map(({ who, hub, places }) => [
      hub,
      {
        ...(who === "the gateway" ? { authentication: { jwt } } : {}),
        sharedUpstream: { headers: bearer("user:edge:vip").headers },
        groups: places.map(groupOf),
      },
    ]);
    edge = await Edge.start({ hubs: Object.fromEntries(hubs) });
    const { headers } = bearer(await withdrawn.sign("rita"));
    expect(await askNegotiate(edge.hubUrl(hubPaths.contract), { headers })).toMatchObject({ status: 200 });
    files.write("keys.json", issuer.jwks());
    await vi.waitFor(
      async () =>
        expect(await askNegotiate(edge.hubUrl(hubPaths.contract), { headers })).toMatchObject({ status: 401 }),
      { timeout: patienceMs },
    );
  });
  afterAll(async () => {
    await edge.stop();
    files.remove();
  });

  const credentials: Readonly<
    Record<Matrix["who"], Readonly<Record<Subject | "insider", (name: string) => Promise<Credentials>>>>
  > = {
    "the gateway": {
      anonymous: async () => ({ headers: {} }),
      user: async (name) => bearer(await issuer.sign(name, { claims: { tier: "basic" } })),
      vip: async (name) => bearer(await issuer.sign(name, { claims: { tier: "vip" } })),
      expired: async (name) => bearer(await issuer.sign(name, { expiresInSeconds: -1, claims: { tier: "vip" } })),
      revoked: async (name) => bearer(await withdrawn.sign(name, { claims: { tier: "vip" } })),
      insider: async (name) => ({
        ...bearer(await issuer.sign(name, { claims: { tier: "vip" } })),
        query: "market=open",
      }),
    },
    "the origin": {
      anonymous: async () => ({ headers: {} }),
      user: async (name) => bearer(`user:${name}`),
      vip: async (name) => bearer(`user:${name}:vip`),
      expired: async (name) => bearer(`user:${name}:vip:1`),
      revoked: async (name) => bearer(`user:${name}`),
      insider: async (name) => bearer(`user:${name}:vip`),
    },
  };

  for (const { who, hub, places } of matrices) {
    for (const place of places) {
      for (const subject of subjects) {
        for (const protocol of protocols) {
          for (const state of states) {
            const verdict = place.verdicts[subject];
            test(`${subject}, whom ${who} knows, and a group that is ${place.name} and ${state}, in ${protocol}: ${words[verdict]}`, async () => {
              await new Cell(hub, place, protocol, who).judge(subject, state === "already on");
            });
          }
        }
      }
    }
  }

  /** One subject, one group of its own, and an insider of it. */
  class Cell {
    readonly #hub: HubPath;
    readonly #place: Place;
    readonly #protocol: HubProtocolName;
    readonly #who: Matrix["who"];
    readonly #number = ++lastNumber;
    #published = 0;

    constructor(hub: HubPath, place: Place, protocol: HubProtocolName, who: Matrix["who"]) {
      this.#hub = hub;
      this.#place = place;
      this.#protocol = protocol;
      this.#who = who;
    }

    async judge(subject: Subject, isOn: boolean): Promise<void> {
      const verdict = this.#place.verdicts[subject];
      const name = `${subject}-${this.#number}`;
      const asSubject = await credentials[this.#who][subject](name);
      const insider = await this.#connect(await credentials[this.#who].insider(`insider-${this.#number}`));
      if (isOn) {
        await this.#join(insider);
        await this.#publish(insider);
      }
      if (verdict === "door") {
        await this.#expectClosedDoor(asSubject);
      } else {
        const client = await this.#connect(asSubject);
        if (subject === "revoked") await this.#revoke(client, name);
        const before = this.#published;
        const answer = await invoke(client, "1", this.#place.join, ...this.#arguments);
        // From here on messages flow in any case.
        if (!isOn) await this.#join(insider);
        await this.#publish(insider);
        await this.#publish(insider);
        if (verdict === "in") await this.#expectIn(client, answer, before);
        else await this.#expectOut(client, answer, verdict, asSubject);
      }
    }

    get #arguments(): readonly unknown[] {
      return this.#place.join === "SubscribeSlow" ? [this.#number, 0] : [this.#number];
    }

    #connect(as: Credentials): Promise<RawClient> {
      return edge.connect({ hub: this.#hub, protocol: this.#protocol, ...as });
    }

    async #join(client: RawClient): Promise<void> {
      await resultOf(client, "join", this.#place.join, ...this.#arguments);
    }

    /** Resolves when the insider has it: whoever else is a member was written to in the same turn. */
    async #publish(insider: RawClient): Promise<void> {
      const { target } = this.#place;
      const { last } = await edge.origin.control.publish({ hub: this.#hub, eventId: this.#number, target });
      this.#published = last;
      await insider.log.until(
        () => updatesOf(insider, target).find(({ sequence }) => sequence === last),
        `message ${last}`,
        patienceMs,
      );
    }

    /** It was let in before, has left, and loses its right while it stays connected. */
    async #revoke(client: RawClient, user: string): Promise<void> {
      const other = ++lastNumber;
      await resultOf(client, "before", "SubscribeAsked", other);
      await resultOf(client, "left", "UnsubscribeAsked", other);
      const { status } = await fetch(`${edge.origin.url}/control/revoke?user=${user}`, { method: "POST" });
      expect(status).toBe(200);
    }

    async #expectClosedDoor({ headers }: Credentials): Promise<void> {
      const url = edge.hubUrl(this.#hub);
      expect(await askNegotiate(url, { headers })).toMatchObject({ status: 401, text: "" });
      expect(await askUpgrade(url, headers)).toMatchObject({ status: 401, text: "" });
    }

    async #expectIn(client: RawClient, answer: HubMessage, before: number): Promise<void> {
      expect(answer).not.toHaveProperty("error");
      await this.#flush(client);
      const { target } = this.#place;
      const expected = [];
      for (let sequence = before + 1; sequence <= this.#published; sequence++) {
        expected.push({ eventId: this.#number, sequence, secret: this.#secret });
      }
      expect(updatesOf(client, target)).toEqual(expected);
      expect(expected).toHaveLength(2);
    }

    async #expectOut(client: RawClient, answer: HubMessage, by: "gateway" | "origin", as: Credentials): Promise<void> {
      const { join, target } = this.#place;
      if (by === "gateway") {
        expect(answer).toMatchObject({ error: `Failed to invoke '${join}' because user is unauthorized` });
      } else {
        const direct = await edge.connectDirectly({ hub: this.#hub, protocol: this.#protocol, ...as });
        const refusal = await invoke(direct, "1", join, ...this.#arguments);
        expect(refusal).toHaveProperty("error");
        expect(answer).toEqual(refusal);
      }
      await this.#flush(client);
      const received = Buffer.concat(client.webSocketMessages.map(({ bytes }) => bytes));
      for (const word of [this.#secret, target, "EventSnapshot"]) expect(received.includes(word)).toBe(false);
    }

    /** Whatever the gateway and the origin had to say on either way has arrived. */
    async #flush(client: RawClient): Promise<void> {
      await resultOf(client, "shared", "UnsubscribeAsked", 0);
      await resultOf(client, "private", "UserName");
    }

    get #secret(): string {
      return `secret of event:${this.#number}`;
    }
  }
});

const words: Readonly<Record<Verdict, string>> = {
  in: "gets its messages",
  door: "cannot connect",
  gateway: "is refused by the gateway and gets not a byte",
  origin: "is refused in the words of the origin and gets not a byte",
};

function groupOf({ access, join, leave, target }: Place): object {
  return {
    name: target,
    access,
    ...(access === "probe" ? { probeTtlMs: 0 } : {}),
    join: { method: join, key: "{0}" },
    ...(leave === undefined ? {} : { leave: { method: leave, key: "{0}" } }),
    messages: [
      { target, key: "{0.eventId}" },
      ...(join === "SubscribeWithCallerSnapshot"
        ? [{ target: "EventSnapshot", key: "{0.eventId}", to: "joiner" }]
        : []),
    ],
  };
}

function bearer(token: string): Credentials {
  return { headers: { authorization: `Bearer ${token}` } };
}
