import type { OriginControl } from "../../support/origin-control.ts";
import { Arrivals, waitMs } from "./arrivals.ts";
import { outcomeOf, type ScriptConnection, type StreamRecord, textOf } from "./script-connection.ts";

export interface ScriptOptions {
  readonly control: OriginControl;
  /** Two events that nobody else follows. */
  readonly events: readonly [first: number, second: number];
  /** It can read a result with a timestamp in it. */
  readonly readsDates: boolean;
  readonly cancelsStreams: boolean;
  readonly uploads: boolean;
  readonly clientResults: boolean;
}

/** What a client saw while it did everything that it can. Nothing in it tells one connection or event from another. */
export interface Observations {
  readonly results: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, unknown>>;
  readonly messages: Readonly<Record<string, unknown>>;
  readonly streams: Readonly<Record<string, StreamRecord>>;
  readonly cancelled: Readonly<Record<string, unknown>> | "not supported";
  readonly uploads: Readonly<Record<string, unknown>> | "not supported";
  readonly clientResults: Readonly<Record<string, unknown>> | "not supported";
  readonly groups: Readonly<Record<string, unknown>>;
  readonly end: Readonly<Record<string, unknown>>;
}

export interface ScriptReport {
  readonly seen: Observations;
  /** The connection id that hub code saw. */
  readonly connectionId: string;
}

/** Starts the connection, uses the contract hub in every way there is, and stops it. */
export async function runScript(connection: ScriptConnection, options: ScriptOptions): Promise<ScriptReport> {
  const log = listen(connection);
  await connection.start();
  const connectionId = String(await connection.invoke("WhoAmI"));
  const seen = {
    results: await seeResults(connection, options.readsDates),
    errors: await seeErrors(connection),
    messages: await seeMessages(connection, log),
    streams: await seeStreams(connection),
    cancelled: options.cancelsStreams
      ? await seeCancellation(connection, options.control, connectionId)
      : "not supported",
    uploads: options.uploads ? await seeUploads(connection) : "not supported",
    clientResults: options.clientResults ? await seeClientResults(connection) : "not supported",
    groups: await seeGroups(connection, log, options),
    end: await seeEnd(connection, log, options.control, connectionId),
  } as const;
  return { seen, connectionId };
}

interface Log {
  readonly received: Arrivals;
  readonly numbers: Arrivals;
  readonly texts: Arrivals;
  readonly odds: Arrivals;
  readonly textChanges: Arrivals;
  readonly lifecycle: unknown[];
}

function listen(connection: ScriptConnection): Log {
  const lifecycle: unknown[] = [];
  connection.onLifecycle((event, error) => lifecycle.push([event, error]));
  connection.on("Question", (question) => {
    if (question === "unanswerable") throw new Error("The client has no answer.");
    return `the answer to ${question}`;
  });
  return {
    received: new Arrivals(connection, "ReceiveMessage"),
    numbers: new Arrivals(connection, "seq"),
    texts: new Arrivals(connection, "Message"),
    odds: new Arrivals(connection, "OddsChanged"),
    textChanges: new Arrivals(connection, "TextChanged"),
    lifecycle,
  };
}

async function seeResults(connection: ScriptConnection, readsDates: boolean): Promise<Observations["results"]> {
  return {
    sum: await connection.invoke("Add", 2, 3),
    echo: await connection.invoke("Echo", { text: "Zoë \u0000 😀", list: [1, 2.5, null, true], nested: { empty: {} } }),
    void: await connection.invoke("Void"),
    null: await connection.invoke("Null"),
    person: readsDates ? await connection.invoke("GetItem") : "not readable",
    kinds: readsDates ? await connection.invoke("Types") : "not readable",
    big: String(await connection.invoke("Big", 100_000)).length,
    otherCase: await connection.invoke("aDD", 1, 1),
  };
}

async function seeErrors(connection: ScriptConnection): Promise<Observations["errors"]> {
  const text = (method: string, ...args: readonly unknown[]): Promise<unknown> =>
    outcomeOf(connection.invoke(method, ...args));
  return {
    hubException: await text("ThrowHub", "No luck today."),
    exception: await text("Throw"),
    unknownMethod: await text("NoSuchMethod"),
    tooFewArguments: await text("Add", 1),
    wrongArgument: await text("Add", "one", 1),
    notAllowed: await text("Secret"),
    streamInvoked: await text("Counter", 1, 0),
    refusedJoin: await text("SubscribeFails", 1),
  };
}

async function seeMessages(
  connection: ScriptConnection,
  { received, numbers }: Log,
): Promise<Observations["messages"]> {
  await connection.invoke("CallerMessage");
  const [message] = await received.waitForCount(1);
  const count = await connection.invoke("CallerThenReturn", 20);
  // The result was sent after the messages, so they are here.
  return { message, count, beforeTheResult: numbers.messages.map(([number]) => number) };
}

async function seeStreams(connection: ScriptConnection): Promise<Observations["streams"]> {
  return {
    completed: await connection.stream("Counter", [5, 0]),
    empty: await connection.stream("Counter", [0, 0]),
    failed: await connection.stream("CounterThrow", [2]),
    unknownMethod: await connection.stream("NoSuchStream", []),
  };
}

async function seeCancellation(
  connection: ScriptConnection,
  control: OriginControl,
  connectionId: string,
): Promise<Readonly<Record<string, unknown>>> {
  const stream = await connection.stream("PrivateCounter", [10_000, 5], 3);
  const ended = await control.waitFor(
    { kind: "streamEnded", connectionId, name: "PrivateCounter" },
    { timeoutMs: waitMs },
  );
  return { itemCount: stream.items.length, end: stream.end, atTheOrigin: ended.error };
}

async function seeUploads(connection: ScriptConnection): Promise<Readonly<Record<string, unknown>>> {
  return {
    sum: await connection.upload("Upload", [1, 2, 3]),
    nothing: await connection.upload("Upload", []),
    // The TypeScript clients lose every second of two streams that follow each other; the hub then objects.
    two: await outcomeOf(connection.upload("UploadTwo", [1, 2], [10, 20])),
    wrongItem: await outcomeOf(connection.upload("Upload", [1, "two"])),
  };
}

async function seeClientResults(connection: ScriptConnection): Promise<Readonly<Record<string, unknown>>> {
  return {
    answer: await connection.invoke("AskClient", "everything"),
    noAnswer: await outcomeOf(connection.invoke("AskClient", "unanswerable")),
  };
}

async function seeGroups(
  connection: ScriptConnection,
  { odds, texts, textChanges }: Log,
  { control, events }: ScriptOptions,
): Promise<Observations["groups"]> {
  const [first, second] = events;
  const snapshots = [await connection.invoke("Subscribe", first), await connection.invoke("Subscribe", second)];
  await control.publish({ eventId: first, count: 3, payloadBytes: 10 });
  await odds.waitForCount(3);
  const left = await connection.invoke("Unsubscribe", first);
  await control.publish({ eventId: first });
  await control.publish({ eventId: second, count: 2 });
  await odds.waitForCount(5);
  const text = await connection.invoke("SubscribeText", `ü/${first}`);
  await control.publish({ key: `ü/${first}` });
  await textChanges.waitForCount(1);
  await connection.invoke("Join", `group of ${first}`);
  await connection.invoke("SendGroup", `group of ${first}`, "hello");
  await texts.waitForCount(1);
  const describe = (value: unknown): unknown => describeUpdate(value, events);
  return {
    snapshots: snapshots.map(describe),
    left,
    updates: odds.messages.map(([update]) => describe(update)),
    text: describe(text),
    textUpdates: textChanges.messages.map(([update]) => describe(update)),
    withoutRule: texts.messages,
  };
}

/** The members in their order, without what tells one event from another, or now from then. */
function describeUpdate(update: unknown, [first, second]: ScriptOptions["events"]): unknown {
  return Object.entries(update as object).map(([name, value]) => {
    const text = String(value).replaceAll(String(first), "FIRST").replaceAll(String(second), "SECOND");
    return [name, /^sentAt$/i.test(name) ? typeof value : /id$|key$|secret$/i.test(name) ? text : value];
  });
}

async function seeEnd(
  connection: ScriptConnection,
  { lifecycle }: Log,
  control: OriginControl,
  connectionId: string,
): Promise<Observations["end"]> {
  const stopped = await connection.stop().then(() => "stopped", textOf);
  const { error } = await control.waitFor({ kind: "disconnected", connectionId }, { timeoutMs: waitMs });
  return { stopped, lifecycle, atTheOrigin: error, afterwards: await outcomeOf(connection.invoke("Add", 1, 1)) };
}
