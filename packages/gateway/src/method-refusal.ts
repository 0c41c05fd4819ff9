/** In the origin's form for an exception that the client may read (protocol.md 8.2). */
export function refusal(method: string, reason: string): string {
  return `Failed to invoke '${method}' due to an error on the server. HubException: ${reason}`;
}
