import { setTimeout as delay } from "node:timers/promises";
import type { HubContext } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { integerArgument } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import type { ContractMethods } from "./contract-method.ts";
import { contractMethod, int } from "./contract-method.ts";
import type { Ledger } from "./ledger.ts";
import { InvalidOperation, privateToken } from "./value-methods.ts";

/** Streams in both directions. Their ends are recorded, so that a test can wait for them. */
export function streamMethods(hub: string, ledger: Ledger): ContractMethods {
  const count = (context: HubContext, method: string, items: number, delayMs: number): AsyncIterable<number> =>
    counting(context, items, delayMs, (error) => {
      ledger.recordEnd("streamEnded", hub, context.connectionId, method, error);
    });
  const sum = async (context: HubContext, method: string, numbers: AsyncIterable<unknown>): Promise<number> => {
    try {
      let total = 0;
      for await (const number of numbers) total += integerArgument(number);
      ledger.recordEnd("uploadEnded", hub, context.connectionId, method);
      return total;
    } catch (error) {
      ledger.recordEnd("uploadEnded", hub, context.connectionId, method, textOf(error));
      throw error;
    }
  };
  const stream = { stream: true };
  return {
    Counter: contractMethod([int, int], (context, items, delayMs) => count(context, "Counter", items, delayMs), stream),
    CounterThrow: contractMethod(
      [int],
      async function* (context, items) {
        yield* count(context, "CounterThrow", items, 0);
        throw new InvalidOperation("thrown by the stream");
      },
      stream,
    ),
    PrivateCounter: contractMethod(
      [int, int],
      async function* (context, items, delayMs) {
        const token = privateToken(context);
        for await (const number of count(context, "PrivateCounter", items, delayMs)) yield `${token}:${number}`;
      },
      stream,
    ),
    Upload: contractMethod([], (context) => sum(context, "Upload", uploadOf(context, 0)), { uploadStreamCount: 1 }),
    UploadTwo: contractMethod(
      [],
      (context) => Promise.all([0, 1].map((index) => sum(context, "UploadTwo", uploadOf(context, index)))),
      { uploadStreamCount: 2 },
    ),
  };
}

/** 0 to `count` - 1, with a pause after each. */
async function* counting(
  { aborted }: HubContext,
  count: number,
  delayMs: number,
  onEnd: (error: string | undefined) => void,
): AsyncGenerator<number> {
  try {
    for (let number = 0; number < count; number += 1) {
      yield number;
      if (delayMs > 0) await delay(delayMs, undefined, { signal: aborted });
      aborted.throwIfAborted();
    }
  } finally {
    onEnd(aborted.aborted ? "cancelled" : undefined);
  }
}

function uploadOf({ uploads }: HubContext, index: number): AsyncIterable<unknown> {
  const upload = uploads[index];
  if (upload === undefined) throw new Error(`there is no upload stream ${index}`);
  return upload;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
