import type { HubProtocol, HubProtocolName } from "./hub-protocol.ts";
import { jsonHubProtocol } from "./json/json-hub-protocol.ts";
import { messagePackHubProtocol } from "./messagepack/messagepack-hub-protocol.ts";

export const hubProtocols: Readonly<Record<HubProtocolName, HubProtocol>> = Object.freeze({
  json: jsonHubProtocol,
  messagepack: messagePackHubProtocol,
});

/** By the name of a handshake, in any case, as the origin finds it. */
export function findHubProtocol(name: string): HubProtocol | undefined {
  const wanted = name.toLowerCase();
  return Object.values(hubProtocols).find((protocol) => protocol.name === wanted);
}
