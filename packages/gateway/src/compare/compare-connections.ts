import { MessageType } from "@signalr-edge/protocol";
import type { ConnectionDifference, Findings } from "./difference.ts";
import type { Entry, Interval, PairRecording, Recording } from "./recording.ts";

/** Compares how the connections of a pair began and ended. Pure. */
export function compareConnections({
  pair,
  protocol,
  clients,
}: PairRecording): Pick<Findings, "differences" | "answers" | "notes"> {
  const differences: ConnectionDifference[] = [];
  const notes: string[] = [];
  let answers = 0;
  for (const kind of ["refused", "reconnected", "ended"] as const) {
    const [direct, gateway, control] = [
      happened(clients.direct, kind),
      happened(clients.gateway, kind),
      happened(clients.control, kind),
    ];
    if (direct?.text === gateway?.text) {
      if (direct !== undefined) answers += 1;
      continue;
    }
    if (direct?.text !== control?.text && (direct === undefined) === (gateway === undefined)) {
      notes.push(`connection ${kind}: the two direct clients were told different things; it was not compared`);
      continue;
    }
    differences.push({
      about: "connection",
      kind,
      pair,
      protocol,
      atMs: (gateway ?? direct)?.atMs ?? 0,
      direct: direct?.text,
      gateway: gateway?.text,
    });
  }
  return { differences, answers, notes };
}

/**
 * Times in which a client of the pair was without its connection, with a margin: from the last message that it got, for
 * the gap may be older than the end of the connection, until it has joined again.
 */
export function disturbedTimes({ clients }: PairRecording, marginMs: number): readonly Interval[] {
  return [clients.direct, clients.gateway, clients.control].flatMap(({ entries }) =>
    entries.flatMap((entry, index) => {
      if (entry.kind !== "lost") return [];
      const last = entries.slice(0, index).findLast(isMessage);
      const end = entries.slice(index).find(({ kind }) => kind === "returned" || kind === "ended");
      const fromMs = Math.min(last?.atMs ?? entry.atMs, entry.atMs - marginMs);
      return [{ fromMs, untilMs: (end?.atMs ?? Number.POSITIVE_INFINITY) + marginMs }];
    }),
  );
}

function isMessage(entry: Entry): boolean {
  return entry.kind === "received" && entry.envelope.type === MessageType.Invocation;
}

/**
 * A hub that refuses a connection in `OnConnectedAsync` ends it when the handshake is over: the client may see that
 * as a failed start or as an end right after it. Both are `refused`.
 */
function happened(
  { entries }: Recording,
  kind: ConnectionDifference["kind"],
): { readonly text: string; readonly atMs: number } | undefined {
  const found = entries.filter((entry, index) => kindOf(entry, entries, index) === kind);
  const [first] = found;
  if (first === undefined || !("error" in first)) return undefined;
  const times = found.length === 1 ? "" : `${found.length} times, first: `;
  return { text: `${times}${first.error}`, atMs: first.atMs };
}

function kindOf(entry: Entry, entries: readonly Entry[], index: number): ConnectionDifference["kind"] | undefined {
  if (entry.kind === "lost") return "reconnected";
  if (entry.kind === "refused") return "refused";
  if (entry.kind !== "ended") return undefined;
  const hasReceived = entries
    .slice(0, index)
    .some((one) => one.kind === "received" && one.envelope.type !== MessageType.Close);
  return hasReceived ? "ended" : "refused";
}
