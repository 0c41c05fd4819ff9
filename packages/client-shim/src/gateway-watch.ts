/** How far the gateway has got in the present attempt to connect. */
type Outcome =
  | { readonly name: "unasked" }
  /** It negotiated, or opened the WebSocket; the rest of the attempt follows. */
  | { readonly name: "accepted" }
  /** It said no, as with a 401: that is an answer, and the application gets it. */
  | { readonly name: "refused" }
  | { readonly name: "silent"; readonly reason: string };

/** The official client's own text (HubConnection) for an error in the handshake response, which is an answer too. */
const handshakeRefusal = "Server returned handshake error:";

/** Watches one connection's attempt and tells whether the gateway failed it, or only said no. */
export class GatewayWatch {
  #outcome: Outcome = { name: "unasked" };

  attemptStarted(): void {
    this.#outcome = { name: "unasked" };
  }

  accepted(): void {
    this.#outcome = { name: "accepted" };
  }

  refused(): void {
    this.#outcome = { name: "refused" };
  }

  silent(reason: string): void {
    this.#outcome = { name: "silent", reason };
  }

  /** Why the gateway counts as silent already, while the attempt goes on. */
  get silence(): string | undefined {
    return this.#outcome.name === "silent" ? this.#outcome.reason : undefined;
  }

  /** Why the attempt that ended with `error` had no answer of the gateway; `undefined` if it had, or did not get that far. */
  silenceAfter(error: unknown): string | undefined {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#outcome.name !== "accepted" || message.startsWith(handshakeRefusal)) return this.silence;
    return `accepted, but did not connect: ${message}`;
  }
}

/** What the hooks into the official client need to know about the gateway. */
export interface WatchedGateway {
  readonly watch: GatewayWatch;
  readonly answerTimeoutMs: number;
  /** Absolute URL of the hub at the gateway. It changes when the application sets `baseUrl`. */
  url(): string;
}
