import {
  type Envelope,
  type Frame,
  type HubProtocol,
  type HubProtocolName,
  hubProtocols,
} from "@signalr-edge/protocol";
import { compileHubRules } from "../config/compile.ts";
import type { GroupRule, HubRules } from "../config/hub-rules.ts";
import { loadConfig } from "../config/load.ts";

/** The rules of a hub as a user would write them; `access` is filled in. */
export function rulesOf(groups: readonly object[], hub: object = {}): HubRules {
  const config = {
    hubs: [
      {
        path: "/hub",
        origin: "http://127.0.0.1:5000/hub",
        ...hub,
        groups: groups.map((group) => ({ access: "public", ...group })),
      },
    ],
  };
  const loaded = loadConfig(JSON.stringify(config), { format: "json", environment: {}, fileName: "test" });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const [first] = loaded.config.hubs;
  if (first === undefined) throw new Error("no hub");
  return compileHubRules(first);
}

export function onlyGroup(rules: HubRules): GroupRule {
  const [group] = rules.groups;
  if (group === undefined) throw new Error("no group");
  return group;
}

export const protocolNames = ["json", "messagepack"] as const satisfies readonly HubProtocolName[];

export interface ReadFrame {
  readonly protocol: HubProtocol;
  readonly envelope: Envelope;
  readonly frame: Frame;
}

export interface Invocation {
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly invocationId?: string;
  readonly streamIds?: readonly string[];
}

/** An invocation as it arrives, with what `peek` makes of it. */
export function invocation(protocolName: HubProtocolName, message: Invocation): ReadFrame {
  const protocol = hubProtocols[protocolName];
  const frame = protocol.write({ type: 1, ...message });
  return { protocol, envelope: protocol.peek(frame), frame };
}

/** JSON text as it arrives, byte for byte. */
export function jsonFrame(text: string): ReadFrame {
  const protocol = hubProtocols.json;
  const frame = Buffer.from(`${text}\u001e`);
  return { protocol, envelope: protocol.peek(frame), frame };
}
