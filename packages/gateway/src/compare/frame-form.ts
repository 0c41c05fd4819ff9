import { type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { FrameEntry } from "./recording.ts";
import type { IgnoreRule } from "./scenario.ts";
import { differingPaths, maskedText, matchesPattern, type PathPattern, type ValuePath } from "./value-path.ts";

/** What is not compared: paths of the scenario, and those at which two direct clients differ. */
export type Hidden = readonly PathPattern[];

export function hiddenFor(ignore: readonly IgnoreRule[], subject: IgnoreRule["subject"], name: string): Hidden {
  return ignore
    .filter((rule) => rule.subject === subject)
    .filter((rule) => (subject === "target" ? rule.name === name : rule.name.toLowerCase() === name.toLowerCase()))
    .map(({ pattern }) => pattern);
}

/** Equal for frames that are the same: all of their bytes, or their values where something is hidden. */
export function frameForm(protocol: HubProtocol, entry: FrameEntry, hidden: Hidden = []): string {
  const { frame, envelope } = entry;
  // The origin numbers its questions to clients.
  const isQuestion = envelope.type === MessageType.Invocation && envelope.invocationId !== undefined;
  if (hidden.length === 0 && !isQuestion) return frame.toString("latin1");
  const isHidden = (path: ValuePath): boolean => hidden.some((pattern) => matchesPattern(path, pattern));
  const parts = partsOf(protocol, entry).map(([name, value]) => `${name}=${maskedText(value, isHidden, [name])}`);
  return `${envelope.type} ${envelope.target ?? ""} ${parts.join(" ")}`;
}

/** As `frameForm`, with the ids of the client's own connections taken out: each client has others. */
export function privateForm(
  protocol: HubProtocol,
  entry: FrameEntry,
  hidden: Hidden,
  connectionIds: readonly string[],
): string {
  return connectionIds.reduce(
    (form, connectionId) => form.replaceAll(connectionId, "own connection id"),
    frameForm(protocol, entry, hidden),
  );
}

/** The frame with the ids of the client's own connections made the same; of the same length, so that it stays readable. */
export function withoutIds(entry: FrameEntry, connectionIds: readonly string[]): FrameEntry {
  const text = connectionIds.reduce(
    (frame, connectionId) => frame.replaceAll(connectionId, "#".repeat(connectionId.length)),
    entry.frame.toString("latin1"),
  );
  return { ...entry, frame: Buffer.from(text, "latin1") };
}

/** Paths at which two frames of the same kind differ: `[0, "sentAt"]`, `["result", "token"]`, `["item"]`. */
export function framePaths(protocol: HubProtocol, left: FrameEntry, right: FrameEntry): readonly ValuePath[] {
  const rightParts = new Map(partsOf(protocol, right));
  const leftParts = partsOf(protocol, left);
  const names = new Set([...leftParts.map(([name]) => name), ...rightParts.keys()]);
  const leftValues = new Map(leftParts);
  return [...names].flatMap((name) => {
    if (!leftValues.has(name) || !rightParts.has(name)) return [[name]];
    return differingPaths(leftValues.get(name), rightParts.get(name), [name]);
  });
}

/** The decoded payloads of a frame, by the first step of their paths. */
export function partsOf(
  protocol: HubProtocol,
  { frame }: FrameEntry,
): readonly (readonly [string | number, unknown])[] {
  const message = protocol.parse(frame);
  switch (message?.type) {
    case MessageType.Invocation:
    case MessageType.StreamInvocation:
      return message.arguments.map((argument, index) => [index, argument]);
    case MessageType.StreamItem:
      return [["item", message.item]];
    case MessageType.Completion:
      return [
        ...("result" in message ? [["result", message.result] as const] : []),
        ...(message.error === undefined ? [] : [["error", message.error] as const]),
      ];
    default:
      return [];
  }
}

/** A frame for a person, on one line and not too long: its JSON text, or what its MessagePack means. */
export function showFrame(protocol: HubProtocol, { frame, envelope }: FrameEntry, maxLength = 200): string {
  const text =
    protocol.name === "json"
      ? frame.toString("utf8", 0, frame.length - 1)
      : `${envelope.target ?? ""}(${partsOf(protocol, { kind: "received", atMs: 0, frame, envelope })
          .map(([name, value]) => `${typeof name === "string" ? `${name} ` : ""}${maskedText(value, () => false)}`)
          .join(", ")})`;
  return text.length > maxLength ? `${text.slice(0, maxLength)}... (${frame.length} bytes)` : text;
}
