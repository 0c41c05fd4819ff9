import type { HubConnection } from "@microsoft/signalr";
import { type RejoinRule, type RememberedCall, RememberedCalls } from "./remembered-calls.ts";

/** The outcome of a call that was repeated. */
export type Rejoin =
  /** `result` is what the hub answered; `undefined` for a call that was made with `send`. */
  | { readonly kind: "joined"; readonly method: string; readonly args: readonly unknown[]; readonly result: unknown }
  /** It stays remembered, and is tried again after the next reconnect. */
  | { readonly kind: "failed"; readonly method: string; readonly args: readonly unknown[]; readonly error: unknown };

/**
 * Repeats the connection's joins whenever it has reconnected. They are sent, in order, before the application's own
 * `onreconnected` callbacks run; the answers are not waited for. A connection that is closed forgets them: whoever
 * starts it again joins again.
 */
export function rejoinAfterReconnect(
  connection: HubConnection,
  rules: readonly RejoinRule[],
  report: (rejoin: Rejoin) => void,
): void {
  const calls = new RememberedCalls(rules);
  const invoke = connection.invoke.bind(connection);
  const send = connection.send.bind(connection);
  connection.invoke = <T>(method: string, ...args: unknown[]): Promise<T> => {
    return calls.follow({ method, args, kind: "invoke" }, invoke<T>(method, ...args));
  };
  connection.send = (method: string, ...args: unknown[]): Promise<void> => {
    return calls.follow({ method, args, kind: "send" }, send(method, ...args));
  };
  const repeat = async ({ method, args, kind }: RememberedCall): Promise<void> => {
    try {
      const result: unknown = await (kind === "invoke" ? invoke : send)(method, ...args);
      report({ kind: "joined", method, args, result });
    } catch (error) {
      report({ kind: "failed", method, args, error });
    }
  };
  // Registered before the application can register anything.
  connection.onreconnected(() => {
    for (const call of calls.succeeded()) void repeat(call);
  });
  connection.onclose(() => calls.clear());
}
