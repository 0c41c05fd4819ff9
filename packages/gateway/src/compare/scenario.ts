import type { HubProtocolName } from "@signalr-edge/protocol";
import type { PathPattern } from "./value-path.ts";

export type ScenarioTransport = "WebSockets" | "ServerSentEvents" | "LongPolling";

/** Invokes a hub method. `join` and `leave` are invocations that also say which groups the client is in. */
export interface InvokeStep {
  readonly kind: "invoke" | "join" | "leave" | "send";
  readonly method: string;
  readonly arguments: readonly unknown[];
}

export interface StreamStep {
  readonly kind: "stream";
  readonly method: string;
  readonly arguments: readonly unknown[];
  /** Cancels after so many; `undefined`: reads until the hub ends the stream. */
  readonly items: number | undefined;
}

export interface WaitStep {
  readonly kind: "wait";
  readonly seconds: number;
  /** Ends the wait when every client has received `count` messages of the target since the wait began. */
  readonly until: { readonly target: string; readonly count: number } | undefined;
}

export type Step = { readonly kind: "connect" } | { readonly kind: "disconnect" } | InvokeStep | StreamStep | WaitStep;

/** A value that the hub makes anew each time: it is left out of the comparison. */
export interface IgnoreRule {
  /** `method`: results and stream items of a hub method, in any case. `target`: messages of a target, exactly. */
  readonly subject: "method" | "target";
  readonly name: string;
  readonly pattern: PathPattern;
}

/** What the clients of a comparison do, as read from the file; texts may still hold `{variables}`. */
export interface Scenario {
  /** Path of a hub of the configuration; `undefined`: its only one. */
  readonly hub: string | undefined;
  /** Pairs take turns. Never empty. */
  readonly protocols: readonly HubProtocolName[];
  readonly transport: ScenarioTransport | undefined;
  readonly accessToken: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Variables: each pair picks one of the list for each pass. No list is empty. */
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  /** By target: what the clients answer when the hub asks them for a result. */
  readonly answers: Readonly<Record<string, unknown>>;
  readonly ignore: readonly IgnoreRule[];
  readonly pairs: number;
  readonly seed: number;
  /** Pairs start one after the other within this time, so that some join what others have joined before. */
  readonly spreadMs: number;
  /** Longest time that a message may take longer to one client than to another. */
  readonly marginMs: number;
  readonly answerTimeoutMs: number;
  readonly steps: readonly Step[];
}
