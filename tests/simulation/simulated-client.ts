import type { CompletionPayload, HubProtocol } from "@signalr-edge/protocol";
import type { Membership } from "../../packages/gateway/src/aggregation/membership.ts";
import type { Partition } from "../../packages/gateway/src/aggregation/partition-key.ts";
import type { HubClient } from "../../packages/gateway/src/aggregation/ports.ts";
import type { SharedFrame } from "../../packages/gateway/src/aggregation/shared-frame.ts";
import type { CloseReason } from "../../packages/gateway/src/close-reasons.ts";
import type { ClientWatch } from "./client-watch.ts";
import type { ClientWire } from "./client-wire.ts";
import { Violation } from "./violation.ts";

export interface SimulatedClientParts {
  readonly slot: number;
  /** Of all clients of the run. */
  readonly number: number;
  readonly protocol: HubProtocol;
  readonly partition: Partition;
  readonly watch: ClientWatch;
}

const anybody = {
  identity: undefined,
  credential: "nobody",
  credentialExpiresAtMs: Number.POSITIVE_INFINITY,
} as const;

/** One client connection that reports everything the gateway does to it. */
export class SimulatedClient implements HubClient {
  readonly slot: number;
  readonly protocol: HubProtocol;
  readonly partition: Partition;
  readonly owner = anybody;
  membership: Membership | undefined;
  /** Its handshake is done: it may invoke. */
  isConnected = false;
  isGone = false;

  // What the oracles know of it.
  /** Groups that it is in, joins, calls and streams of it. */
  load = 0;
  /** Ids of invocations without an answer. */
  readonly asked = new Set<string>();
  /** Its way out, if clients may be slow. */
  wire: ClientWire | undefined;
  /** Whether the frame under way is for it, or was. */
  isExpecting: "nothing" | "frame" | "no more" = "nothing";

  readonly #number: number;
  readonly #watch: ClientWatch;
  #lastInvocationId = 0;

  constructor({ slot, number, protocol, partition, watch }: SimulatedClientParts) {
    this.slot = slot;
    this.#number = number;
    this.protocol = protocol;
    this.partition = partition;
    this.#watch = watch;
  }

  get name(): string {
    return `client ${this.slot}.${this.#number}`;
  }

  nextInvocationId(): number {
    this.#lastInvocationId += 1;
    return this.#lastInvocationId;
  }

  write(frame: SharedFrame): void {
    this.#watch.written(this, frame);
  }

  letGo(group: string): void {
    if (!this.isGone) this.wire?.letGo(group);
  }

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
