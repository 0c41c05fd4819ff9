import { setTimeout as delay } from "node:timers/promises";
import type { HubContext } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { HubException } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import type { ContractMethods } from "./contract-method.ts";
import { contractMethod, int, raw, text } from "./contract-method.ts";
import { exampleKinds, examplePerson } from "./kinds-of-values.ts";

export class InvalidOperation extends Error {
  override readonly name = "InvalidOperationException";
}

/** Identifies the one connection that may ever see it: isolation tests look for it elsewhere. */
export function privateToken({ userIdentifier, connectionId }: HubContext): string {
  return `${userIdentifier ?? "anonymous"}:${connectionId}`;
}

/** Invocations with arguments, results and errors. */
export const valueMethods: ContractMethods = {
  Echo: contractMethod([raw], (_context, value) => value),
  EchoRaw: contractMethod([raw], (_context, value) => value),
  Add: contractMethod([int, int], (_context, left, right) => left + right),
  Void: contractMethod([], () => undefined),
  Null: contractMethod([], () => null),
  Throw: contractMethod([], () => {
    throw new InvalidOperation("thrown by the hub");
  }),
  ThrowHub: contractMethod([text], (_context, message) => {
    throw new HubException(message);
  }),
  Secret: contractMethod([], () => "secret", { roles: ["x"] }),
  Slow: contractMethod([int], async (context, ms) => {
    await delay(ms, undefined, { signal: context.aborted });
  }),
  Big: contractMethod([int], (_context, bytes) => "x".repeat(bytes)),
  // Without types there is nothing to read a person into.
  Item: contractMethod([raw], (_context, person) => person),
  GetItem: contractMethod([], () => examplePerson),
  Types: contractMethod([], () => exampleKinds),
  CallerMessage: contractMethod([], (context) => context.clients.caller.send("ReceiveMessage", 1, "x", null)),
  CallerThenReturn: contractMethod([int], (context, count) => {
    for (let number = 0; number < count; number += 1) context.clients.caller.send("seq", number);
    return count;
  }),
  AskClient: contractMethod([text], (context, question) => context.clients.caller.invoke("Question", question)),
  AbortMe: contractMethod([], (context) => context.abort()),
  Whisper: contractMethod([text], (context, words) => {
    context.clients.caller.send("Whispered", privateToken(context), words);
    return privateToken(context);
  }),
};
