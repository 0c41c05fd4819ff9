/**
 * Gateways in front of gateways (aggregation.md 9). Each request to the next hop names the gateways that it has come
 * through, by an id that each process draws for itself: so a gateway knows its own requests when they come back to it.
 */
export const chainHeader = "x-signalr-edge-chain";

/** Of a chain that leads back to itself, or is endless: Loop Detected (RFC 5842, 7.2). */
export const loopStatus = 508;

/** More gateways in a row than make sense; also bounds what a client can make the header grow to. */
export const maxChainLength = 16;

/** The gateways that a request has come through, the first one first; none if a client made it. */
export function readChain(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === "string" ? header : (header?.join(",") ?? "");
  return text.split(",").flatMap((part) => /^\s*([\w-]{1,64})\s*$/.exec(part)?.[1] ?? []);
}

/** What goes on to the next hop. */
export function writeChain(chain: readonly string[], instanceId: string): Readonly<Record<string, string>> {
  return { [chainHeader]: [...chain, instanceId].join(", ") };
}

/** For the log. Only what a gateway says of the chain is worth more than its status. */
export function refusalReason({ status, body }: { readonly status: number; readonly body: Buffer }): string {
  return status === loopStatus ? `status ${status}: ${body.toString("utf8", 0, 200)}` : `status ${status}`;
}
