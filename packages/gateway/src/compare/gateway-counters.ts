/** What `/api/state` counts for one hub; only ever a help: a comparison needs none of it. */
export type GatewayCounters = Readonly<Record<string, number>>;

const timeoutMs = 2_000;

/** `undefined` if there is no gateway that answers at the URL, or it has no such hub. */
export async function readCounters(
  adminUrl: string,
  hubPath: string,
  token: string | undefined,
): Promise<GatewayCounters | undefined> {
  try {
    const response = await fetch(new URL("/api/state", adminUrl), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return response.ok ? countersOf(await response.json(), hubPath) : undefined;
  } catch (error) {
    // Nobody listens there, or somebody who speaks otherwise.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function countersOf(state: unknown, hubPath: string): GatewayCounters | undefined {
  const hubs = member(state, "hubs");
  const hub = Array.isArray(hubs) ? hubs.find((one) => member(one, "path") === hubPath) : undefined;
  const counters = member(hub, "counters");
  if (typeof counters !== "object" || counters === null) return undefined;
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => typeof value === "number"));
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

/** One line each about what grew in the run and says something about rules. */
export function describeGrowth(before: GatewayCounters, after: GatewayCounters): readonly string[] {
  const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  return [
    ...(grown("unattributed") > 0
      ? [
          `the gateway counted ${grown("unattributed")} unattributed: messages on its shared connection without a rule, without a key, or for a key that nobody joined`,
        ]
      : []),
    ...(grown("duplicatesDropped") > 0
      ? [
          `the gateway counted ${grown("duplicatesDropped")} duplicatesDropped: second copies on clients' own connections`,
        ]
      : []),
    ...(grown("slowConsumers") > 0 ? [`the gateway counted ${grown("slowConsumers")} slowConsumers`] : []),
    ...(grown("gaps") > 0 ? [`the gateway counted ${grown("gaps")} gaps: its shared connection was lost`] : []),
  ];
}
