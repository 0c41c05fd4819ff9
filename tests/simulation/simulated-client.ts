import type { CompletionPayload, HubProtocol } from "@signalr-edge/protocol";
import type { Membership } from "../../packages/gateway/src/aggregation/membership.ts";
import type { Partition } from "../../packages/gateway/src/aggregation/partition-key.ts";
import type { HubClient } from "../../packages/gateway/src/aggregation/ports.ts";
import type { SharedFrame } from "../../packages/gateway/src/aggregation/shared-frame.ts";
import type { CloseReason } from "../../packages/gateway/src/close-reasons.ts";
import type { ClientWatch } from "./client-watch.ts";
import { Violation } from "./violation.ts";

/** One client connection that reports everything the gateway does to it. */
export class SimulatedClient implements HubClient {
  readonly name: string;
  readonly protocol: HubProtocol;
  readonly partition: Partition;
  readonly owner = {
    identity: undefined,
    credential: "nobody",
    credentialExpiresAtMs: Number.POSITIVE_INFINITY,
  };
  membership: Membership | undefined;
  /** Its handshake is done: it may invoke. */
  isConnected = false;
  isGone = false;
  readonly #watch: ClientWatch;
  #lastInvocationId = 0;

  constructor(name: string, protocol: HubProtocol, partition: Partition, watch: ClientWatch) {
    this.name = name;
    this.protocol = protocol;
    this.partition = partition;
    this.#watch = watch;
  }

  nextInvocationId(): string {
    this.#lastInvocationId += 1;
    return String(this.#lastInvocationId);
  }

  write(frame: SharedFrame): void {
    this.#watch.written(this, frame);
  }

  letGo(): void {}

  complete(invocationId: string, payload: CompletionPayload): void {
    this.#watch.completed(this, invocationId, payload);
  }

  passThrough(): void {
    throw new Violation("INV-1", `${this.name}: shared traffic went to the private upstream`);
  }

  invokePrivately(method: string): void {
    throw new Violation("R-14", `${this.name}: ${method} is invoked on the private upstream`);
  }

  /** Ignored once the client is gone, as the port says. */
  close(reason: CloseReason): void {
    if (!this.isGone) this.#watch.closed(this, reason);
  }
}
