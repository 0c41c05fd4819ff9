import { ProtocolError } from "@signalr-edge/protocol";

/** Runs the call; `undefined` if it refused its input as declared. Whatever else it throws goes on. */
export function declared<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
