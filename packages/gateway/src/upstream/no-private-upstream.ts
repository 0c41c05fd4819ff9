import type { Envelope, HubProtocol } from "@signalr-edge/protocol";
import type { InvocationOutcome, PassThrough, PassThroughClient } from "../aggregation/ports.ts";
import { refusal } from "../method-refusal.ts";

/** `privateUpstream: never`: only what the rules name exists; anything else is answered like a method that does not. */
export class NoPrivateUpstream implements PassThrough {
  readonly #client: PassThroughClient;

  constructor(client: PassThroughClient) {
    this.#client = client;
  }

  start(_protocol: HubProtocol): void {
    this.#client.handshakeAccepted();
  }

  send({ invocationId, target }: Envelope): void {
    if (target === undefined || invocationId === undefined) return;
    const error = refusal(target, "Method does not exist.");
    this.#client.complete(invocationId, { kind: "error", error });
  }

  /** The configuration refuses `access: probe` here, the only thing that asks in a client's name. */
  invoke(method: string, _rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    const error = refusal(method, "Method does not exist.");
    done({ kind: "completed", payload: { kind: "error", error } });
  }

  /** Every invocation is answered at once. */
  readonly isAwaited = false;

  pause(): void {}

  resume(): void {}

  sweep(_nowMs: number): void {}

  close(_graceful: boolean): void {}
}
