import type { ChildProcess } from "node:child_process";

/** Calls from the bench to the processes that it starts, over Node's IPC channel. */
interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** In the process that started `child`. Rejects with the words of the child, or if it ends before it answers. */
export function call<Result>(child: ChildProcess, name: string, argument: unknown): Promise<Result> {
  const id = nextId(child);
  return new Promise((resolve, reject) => {
    const answered = (answer: Answer): void => {
      if (answer.id !== id) return;
      forget();
      if ("error" in answer) reject(new Error(`${name}: ${answer.error}`));
      else resolve(answer.result as Result);
    };
    const ended = (): void => {
      forget();
      reject(new Error(`process ${child.pid} ended before it answered ${name}`));
    };
    const forget = (): void => {
      child.off("message", answered);
      child.off("exit", ended);
    };
    child.on("message", answered);
    child.on("exit", ended);
    child.send({ id, name, argument } satisfies Call, (error) => {
      if (error !== null) ended();
    });
  });
}

const lastIds = new WeakMap<ChildProcess, number>();

function nextId(child: ChildProcess): number {
  const id = (lastIds.get(child) ?? 0) + 1;
  lastIds.set(child, id);
  return id;
}

/** In the child: answers calls until the parent is gone, and ends then. */
export function answerCalls(answers: Readonly<Record<string, (argument: never) => unknown>>): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    const { id, name, argument } = message as Call;
    void answer(id, async () => {
      const found = answers[name];
      if (found === undefined) throw new Error("there is no such call");
      return await found(argument as never);
    });
  });
}

async function answer(id: number, run: () => Promise<unknown>): Promise<void> {
  const result: Answer = await run().then(
    (value) => ({ id, result: value }),
    (error: unknown) => ({ id, error: error instanceof Error ? error.message : String(error) }),
  );
  process.send?.(result);
}
