import { type HubConnection, HubConnectionState, type IRetryPolicy, type RetryContext } from "@microsoft/signalr";
import type { GatewayWatch } from "./gateway-watch.ts";
import type { HubAddress } from "./hub-address.ts";

/** An attempt to connect that goes on at the origin, because the gateway did not answer. */
export interface Fallback {
  readonly during: "start" | "reconnect";
  /** Hub URLs. */
  readonly gatewayUrl: string;
  readonly originUrl: string;
  /** For people, such as `negotiate was answered with status 503`. */
  readonly reason: string;
}

export interface GatewayFirstOptions {
  readonly connection: HubConnection;
  readonly address: HubAddress;
  readonly watch: GatewayWatch;
  /** The application's; `undefined` if it wants no automatic reconnect. */
  readonly retryPolicy: IRetryPolicy | undefined;
  readonly fallbackSpreadMs: number;
  readonly report: (fallback: Fallback) => void;
}

/**
 * Gives a connection its second try: every `start()` and every attempt to reconnect begins at the gateway, and goes on
 * at the origin if the gateway did not answer. It uses what the official client offers for that: `baseUrl`, which may be
 * set while disconnected or reconnecting, and the retry policy, which is asked after each failure.
 */
export class GatewayFirst {
  readonly #options: GatewayFirstOptions;
  readonly #start: () => Promise<void>;
  #stopCount = 0;
  /** Attempts of the present reconnect that the application's policy does not know of. */
  #fallbackCount = 0;

  constructor(options: GatewayFirstOptions) {
    this.#options = options;
    const { connection } = options;
    this.#start = connection.start.bind(connection);
    const stop = connection.stop.bind(connection);
    connection.start = () => this.#startSomewhere();
    connection.stop = () => {
      this.#stopCount += 1;
      return stop();
    };
    // Registered first, so that a `baseUrl` which the application sets in its own callback counts.
    connection.onreconnecting(() => this.#aimAtGateway());
  }

  async #startSomewhere(): Promise<void> {
    // Rejects, and the running connection keeps its URL.
    if (this.#options.connection.state !== HubConnectionState.Disconnected) return this.#start();
    const stopCount = this.#stopCount;
    this.#aimAtGateway();
    try {
      return await this.#start();
    } catch (error) {
      const reason = this.#silenceAfter(error);
      if (reason === undefined || stopCount !== this.#stopCount) throw error;
      this.#fallBack("start", reason);
    }
    return this.#start();
  }

  /** For the connection's retry policy: the application's, with one attempt at the origin after each that the gateway missed. */
  nextRetryDelayMs(context: RetryContext): number | null {
    if (context.previousRetryCount === 0) {
      this.#fallbackCount = 0;
      return this.#policyDelayMs(context);
    }
    const reason = this.#silenceAfter(context.retryReason);
    if (reason !== undefined) {
      this.#fallbackCount += 1;
      this.#fallBack("reconnect", reason);
      return Math.random() * this.#options.fallbackSpreadMs;
    }
    this.#aimAtGateway();
    return this.#policyDelayMs(context);
  }

  #policyDelayMs(context: RetryContext): number | null {
    const previousRetryCount = context.previousRetryCount - this.#fallbackCount;
    return this.#options.retryPolicy?.nextRetryDelayInMilliseconds({ ...context, previousRetryCount }) ?? null;
  }

  #aimAtGateway(): void {
    this.#options.watch.attemptStarted();
    this.#options.address.use("gateway");
  }

  #fallBack(during: Fallback["during"], reason: string): void {
    const { address, watch, report } = this.#options;
    watch.attemptStarted();
    address.use("origin");
    report({ during, gatewayUrl: address.urls.gateway, originUrl: address.urls.origin, reason });
  }

  /** Nothing to fall back to counts as no silence: the application may have set a `baseUrl` that no route names. */
  #silenceAfter(error: unknown): string | undefined {
    const { origin, gateway } = this.#options.address.urls;
    return origin === gateway ? undefined : this.#options.watch.silenceAfter(error);
  }
}
