import { beforeEach, expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import type { NegotiateOutcome } from "../upstream/upstream-negotiate.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";
import { OriginVerdict } from "./origin-verdict.ts";

const ttlMs = 30_000;
const accepted: NegotiateOutcome = {
  kind: "accepted",
  ticket: { connectionId: "c", connectionToken: "t", cookie: undefined },
};
const unreachable: NegotiateOutcome = { kind: "unreachable", reason: "ECONNREFUSED" };

let nowMs: number;
const clock: Clock = { now: () => nowMs, after: () => ({ cancel: () => undefined }), random: () => 0 };
/** Requests at the origin, and how each is answered. */
let asked: { readonly as: UpstreamRequest; readonly answer: (outcome: NegotiateOutcome) => void }[];
let verdicts: OriginVerdict;

beforeEach(() => {
  nowMs = 0;
  asked = [];
  verdicts = new OriginVerdict(
    clock,
    ttlMs,
    (as) => new Promise((resolve) => void asked.push({ as, answer: resolve })),
  );
});

function refused(status: number): NegotiateOutcome {
  return { kind: "refused", status, contentType: "text/plain", body: Buffer.from("no") };
}

function as(credentials: { authorization?: string; cookie?: string; query?: string }): UpstreamRequest {
  const { query = "", ...headers } = credentials;
  return { query, headers };
}

/** Asks once and lets the origin answer. */
async function askAndAnswer(who: UpstreamRequest, outcome: NegotiateOutcome): Promise<NegotiateOutcome> {
  const verdict = verdicts.of(who);
  asked.at(-1)?.answer(outcome);
  return verdict;
}

test("a log-in storm of anonymous clients is one request", async () => {
  const storm = Array.from({ length: 1000 }, () => verdicts.of(as({})));
  expect(asked.length).toBe(1);
  asked[0]?.answer(accepted);
  for (const verdict of await Promise.all(storm)) expect(verdict).toBe(accepted);
  expect(await verdicts.of(as({}))).toBe(accepted);
  expect(asked.length).toBe(1);
});

test("each credential is asked for by itself, with its own request", async () => {
  const clients = [
    as({}),
    as({ authorization: "Bearer a" }),
    as({ authorization: "Bearer b" }),
    as({ cookie: "session=a" }),
    as({ query: "access_token=a" }),
    as({ query: "access_token=b" }),
    as({ authorization: "Bearer a", cookie: "session=a" }),
    as({ authorization: "", cookie: "Bearer a" }),
  ];
  for (const client of clients) void verdicts.of(client);
  expect(asked.map((one) => one.as)).toEqual(clients);
});

test("what is no credential makes no difference", () => {
  void verdicts.of({ query: "x=1", headers: { "x-signalr-user-agent": "a", "accept-language": "de" } });
  void verdicts.of({ query: "x=1", headers: { "x-signalr-user-agent": "b" } });
  expect(asked.length).toBe(1);
});

test("whatever else an origin could tell users apart by does", () => {
  void verdicts.of({ query: "key=1", headers: {} });
  void verdicts.of({ query: "key=2", headers: {} });
  void verdicts.of({ query: "key=1", headers: { "x-api-key": "1" } });
  void verdicts.of({ query: "key=1", headers: { "x-api-key": "2" } });
  expect(asked.length).toBe(4);
});

test("a verdict holds for its time and no longer, a refusal like an acceptance", async () => {
  await askAndAnswer(as({}), accepted);
  await askAndAnswer(as({ cookie: "c" }), refused(401));
  nowMs = ttlMs - 1;
  expect(await verdicts.of(as({}))).toBe(accepted);
  expect(await verdicts.of(as({ cookie: "c" }))).toEqual(refused(401));
  expect(asked.length).toBe(2);
  nowMs = ttlMs;
  expect(await askAndAnswer(as({}), refused(403))).toEqual(refused(403));
  expect(asked.length).toBe(3);
});

test("a verdict ends with the credential that it is about", async () => {
  const verdict = verdicts.of(as({}), 1_000);
  asked[0]?.answer(accepted);
  expect(await verdict).toBe(accepted);
  nowMs = 999;
  expect(await verdicts.of(as({}), 1_000)).toBe(accepted);
  nowMs = 1_000;
  expect(await askAndAnswer(as({}), refused(401))).toEqual(refused(401));
});

test("an origin that cannot be reached has given no verdict", async () => {
  const together = [verdicts.of(as({})), verdicts.of(as({}))];
  asked[0]?.answer(unreachable);
  expect(await Promise.all(together)).toEqual([unreachable, unreachable]);
  expect(await askAndAnswer(as({}), accepted)).toBe(accepted);
  expect(asked.length).toBe(2);
});

test("a status of 500 and above is no verdict either: it says nothing of the client", async () => {
  await askAndAnswer(as({}), refused(503));
  expect(await askAndAnswer(as({}), accepted)).toBe(accepted);
});

test("an unreachable origin does not take away the verdict that came after it", async () => {
  const slow = verdicts.of(as({}));
  nowMs = ttlMs;
  const next = verdicts.of(as({}));
  asked[1]?.answer(accepted);
  await next;
  asked[0]?.answer(unreachable);
  expect(await slow).toBe(unreachable);
  expect(await verdicts.of(as({}))).toBe(accepted);
  expect(asked.length).toBe(2);
});

test("no more than 10,000 verdicts are kept, and the oldest goes first", async () => {
  for (let client = 0; client <= 10_000; client += 1) await askAndAnswer(as({ cookie: `c${client}` }), accepted);
  await verdicts.of(as({ cookie: "c1" }));
  expect(asked.length).toBe(10_001);
  void verdicts.of(as({ cookie: "c0" }));
  expect(asked.length).toBe(10_002);
});
