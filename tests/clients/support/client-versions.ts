import { createRequire } from "node:module";
import { WebSocket } from "ws";
import type { TransportName } from "../../support/origin-control.ts";
import { requireWithGlobals } from "./require-with-globals.ts";

/** As the newest version describes itself; what older ones lack is in `ClientVersion`. */
export type SignalR = typeof import("@microsoft/signalr");
export type SignalRMessagePack = typeof import("@microsoft/signalr-protocol-msgpack");

/** One release of the official TypeScript client, and what it can do. */
export interface ClientVersion {
  /** Package and version. */
  readonly name: string;
  /** What the aliases in `package.json` call it. */
  readonly alias: string;
  readonly signalR: SignalR;
  readonly messagePack: SignalRMessagePack;
  /** Its MessagePack reads timestamps. Since 6.0; before, one timestamp in a message was the end of the connection. */
  readonly readsTimestamps: boolean;
  /** It can cancel a stream with MessagePack. Since 3.0; before, only with JSON. */
  readonly cancelsWithMessagePack: boolean;
  /** Streams to the hub. Since 3.0. */
  readonly uploads: boolean;
  /** `withAutomaticReconnect`. Since 3.0. */
  readonly reconnects: boolean;
  /** It heeds `allowReconnect` of a Close message; before, every Close message was the end. Since 3.1. */
  readonly heedsAllowReconnect: boolean;
  /** Answers to invocations by the hub. Since 7.0; before, such an invocation ended the connection. */
  readonly clientResults: boolean;
  /**
   * It pings as soon as the handshake is done, before `start` resolves. Since 7.0. Where a ping is a request of its own,
   * that can fail because of a refusal before the refusal itself has come.
   */
  readonly pingsAtOnce: boolean;
  /** It rejects `start` if the hub refuses the handshake. Since 5.0; before, an exception that nobody could catch came with it. */
  readonly reportsHandshakeErrors: boolean;
  /**
   * Transports over which it reports a Close message with an error in one way, whatever else comes in the same moment.
   * All since 1.1; before, the end of the transport could overtake it, or become a rejection that nobody could catch.
   */
  readonly errorCloses: readonly TransportName[];
  /** As `errorCloses`, for a Close message without an error. All since 6.0. */
  readonly bareCloses: readonly TransportName[];
  /** What it expects of its surroundings while it builds a connection, and Node does not have. */
  readonly missingGlobals?: Readonly<Record<string, unknown>>;
}

type Package = Pick<ClientVersion, "name" | "alias" | "signalR" | "messagePack">;

const require = createRequire(import.meta.url);

const webSockets: readonly TransportName[] = ["WebSockets"];
const withoutEvents: readonly TransportName[] = ["WebSockets", "LongPolling"];
const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];

const since10 = {
  ...{ uploads: false, reconnects: false, heedsAllowReconnect: false, reportsHandshakeErrors: false },
  ...{ readsTimestamps: false, cancelsWithMessagePack: false, clientResults: false, pingsAtOnce: false },
  ...{ errorCloses: webSockets, bareCloses: webSockets },
};
const since11 = { ...since10, errorCloses: transports, bareCloses: withoutEvents };
const since30 = {
  ...since11,
  ...{ uploads: true, reconnects: true, cancelsWithMessagePack: true },
};
const since31 = { ...since30, heedsAllowReconnect: true };
const since5 = { ...since31, reportsHandshakeErrors: true };
const since6 = { ...since5, readsTimestamps: true, bareCloses: transports };
const since7 = { ...since6, clientResults: true, pingsAtOnce: true };

/** Every generation of the client that ever left preview, oldest first. */
export function loadClientVersions(): readonly ClientVersion[] {
  return [
    { ...load10(), ...since10 },
    { ...load("1.1"), ...since11 },
    { ...load("3.0"), ...since30 },
    { ...load("3.1"), ...since31 },
    // It takes Node's own fetch, which did not exist then, for the fetch of a browser.
    { ...load("5"), ...since5, missingGlobals: { self: globalThis } },
    { ...load("6"), ...since6 },
    { ...load("7"), ...since7 },
    { ...load("8"), ...since7 },
    { ...load("9"), ...since7 },
    { ...load("10"), ...since7 },
  ];
}

/** A version as it comes from the registry. */
export function loadAsItIs(alias: string): SignalR {
  return require(packageNames(alias)[0]);
}

/** Paths of the scripts for pages of a version, in the order in which a page loads them. */
export function browserScripts(alias: string): readonly string[] {
  const [signalR, messagePack] = packageNames(alias);
  const bundle = require.resolve(`${messagePack}/dist/browser/signalr-protocol-msgpack.js`);
  const needsMessagePack5 = ["1.0", "1.1", "3.0", "3.1", "5"].includes(alias);
  return [
    require.resolve(`${signalR}/dist/browser/signalr.js`),
    ...(needsMessagePack5 ? [createRequire(bundle).resolve("msgpack5/dist/msgpack5.js")] : []),
    bundle,
  ];
}

function load(alias: string): Package {
  const [signalR, messagePack] = packageNames(alias);
  return named(alias, require(signalR), require(messagePack));
}

/** The newest has no alias: it is what all other tests use. */
function packageNames(alias: string): readonly [signalR: string, messagePack: string] {
  if (alias === "10") return ["@microsoft/signalr", "@microsoft/signalr-protocol-msgpack"];
  return [`signalr-${alias}`, `signalr-msgpack-${alias}`];
}

/** Version 1.0 was for browsers: elsewhere an application had to bring these classes. */
function load10(): Package {
  const globals = { XMLHttpRequest: quietXmlHttpRequest(), EventSource: require("eventsource"), WebSocket };
  const signalR = requireWithGlobals(require.resolve("signalr-1.0"), globals) as SignalR;
  const messagePack = requireWithGlobals(require.resolve("signalr-msgpack-1.0"), globals, {
    "@aspnet/signalr": signalR,
  }) as SignalRMessagePack;
  return named("1.0", signalR, messagePack);
}

/** The client sends an empty body with every GET; this XMLHttpRequest would say each time that it leaves that out. */
function quietXmlHttpRequest(): unknown {
  const Base: new () => { send(body?: unknown): void } = require("xhr2");
  return class extends Base {
    override send(body?: unknown): void {
      super.send(body === "" ? undefined : body);
    }
  };
}

function named(alias: string, signalR: SignalR, messagePack: SignalRMessagePack): Package {
  const packageName = alias.startsWith("1.") ? "@aspnet/signalr" : "@microsoft/signalr";
  return { name: `${packageName} ${signalR.VERSION}`, alias, signalR, messagePack };
}
