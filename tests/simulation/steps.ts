import { joinRequests, leaveRequests, topics } from "./hub-contract.ts";

/**
 * One event. Most name a slot or a line, by its number among those that there are; where nothing is there to act on, the
 * step does nothing.
 */
export type Step =
  /** `request` is joined as soon as the client is let in. */
  | { readonly do: "connect"; readonly client: number; readonly request?: number }
  | { readonly do: "vanish"; readonly client: number }
  | { readonly do: "join"; readonly client: number; readonly request: number; readonly answered: boolean }
  | { readonly do: "leave"; readonly client: number; readonly request: number; readonly answered: boolean }
  | { readonly do: "query"; readonly client: number; readonly query: number }
  | { readonly do: "stream"; readonly client: number; readonly stream: number }
  | { readonly do: "cancel"; readonly client: number; readonly pick: number }
  /** A copy of a message on the client's own upstream; a topic that does not exist stands for a broadcast. */
  | { readonly do: "private"; readonly client: number; readonly topic: number }
  | { readonly do: "publish"; readonly topic: number }
  | { readonly do: "broadcast" }
  /** A running stream of the origin gives an item, or ends. */
  | { readonly do: "item"; readonly line: number; readonly pick: number }
  | { readonly do: "endStream"; readonly line: number; readonly pick: number; readonly failed: boolean }
  /** The origin starts one of the calls that may run, and refuses it or puts the connection into the groups. */
  | { readonly do: "begin"; readonly line: number; readonly pick: number; readonly refused: boolean }
  /** The origin completes one of the running calls. */
  | { readonly do: "finish"; readonly line: number; readonly pick: number }
  /** The origin completes or refuses everything that the gateway has asked for, and the gateway receives it all. */
  | { readonly do: "serve"; readonly line: number; readonly refused: boolean }
  /** The gateway receives what the origin has sent, `count` messages of it. */
  | { readonly do: "deliver"; readonly line: number; readonly count: number }
  /** Up: the connection that the gateway wants is open. Down: it breaks. Refuse: the origin does not take it. */
  | { readonly do: "up" | "down" | "refuse"; readonly line: number }
  /** A completion of an earlier connection. */
  | { readonly do: "late"; readonly line: number; readonly pick: number }
  /** A message that belongs to no group, or that asks the gateway for a client result. */
  | { readonly do: "stray"; readonly line: number; readonly wantsResult: boolean }
  | { readonly do: "advance"; readonly ms: number }
  /** Slow clients: one stops reading, reads so many bytes, or reads everything from now on (`bytes` absent). */
  | { readonly do: "stall"; readonly client: number }
  | { readonly do: "read"; readonly client: number; readonly bytes?: number }
  /** Time passes, and the gateway does what it does about once a second for every client. */
  | { readonly do: "sweep"; readonly ms: number };

/** For people. */
export function describeStep(step: Step): string {
  const { do: name, ...details } = step;
  const fields = Object.entries(details).map(([field, value]) => `${field}=${value}`);
  if (step.do === "join") fields.push(`(topics ${joinRequests[step.request]?.topics.join()})`);
  if (step.do === "leave") fields.push(`(topics ${leaveRequests[step.request]?.topics.join()})`);
  if (step.do === "publish") fields.push(`(${topics[step.topic]?.rule})`);
  return [name, ...fields].join(" ");
}
