import type { ConnectionDifference, Findings } from "./difference.ts";
import type { Interval, PairRecording, Recording } from "./recording.ts";

/** Compares how the connections of a pair began and ended. Pure. */
export function compareConnections({
  pair,
  protocol,
  clients,
}: PairRecording): Pick<Findings, "differences" | "notes"> {
  const differences: ConnectionDifference[] = [];
  const notes: string[] = [];
  for (const kind of ["refused", "reconnected", "ended"] as const) {
    const [direct, gateway, control] = [
      happened(clients.direct, kind),
      happened(clients.gateway, kind),
      happened(clients.control, kind),
    ];
    if (direct?.text === gateway?.text) continue;
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
  return { differences, notes };
}

/** Times in which a client of the pair was without its connection, with a margin: until it has joined again. */
export function disturbedTimes({ clients }: PairRecording, marginMs: number): readonly Interval[] {
  return [clients.direct, clients.gateway, clients.control].flatMap(({ entries }) =>
    entries.flatMap((entry, index) => {
      if (entry.kind !== "lost") return [];
      const end = entries.slice(index).find(({ kind }) => kind === "returned" || kind === "ended");
      return [{ fromMs: entry.atMs - marginMs, untilMs: (end?.atMs ?? Number.POSITIVE_INFINITY) + marginMs }];
    }),
  );
}

function happened(
  { entries }: Recording,
  kind: ConnectionDifference["kind"],
): { readonly text: string; readonly atMs: number } | undefined {
  const wanted = kind === "reconnected" ? "lost" : kind;
  const found = entries.filter((entry) => entry.kind === wanted);
  const [first] = found;
  if (first === undefined || !("error" in first)) return undefined;
  const times = found.length === 1 ? "" : `${found.length} times, first: `;
  return { text: `${times}${first.error}`, atMs: first.atMs };
}
