import type { HubConnection } from "@microsoft/signalr";

/** Why `start` fails. */
export function startErrorOf(connection: HubConnection): Promise<string> {
  return connection.start().then(
    () => "no error",
    (error: Error) => error.message,
  );
}

/** Why an invocation fails. */
export function invocationErrorOf(
  connection: HubConnection,
  method: string,
  ...args: readonly unknown[]
): Promise<string> {
  return connection.invoke(method, ...args).then(
    () => "no error",
    (error: Error) => error.message,
  );
}

/** With what `onclose` is called. Ask before the end. */
export function closeOf(connection: HubConnection): Promise<Error | undefined> {
  return new Promise((resolve) => connection.onclose(resolve));
}
