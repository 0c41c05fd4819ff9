import type { HubMetrics, Metrics } from "./metrics.ts";

interface MetricFamily {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

interface HubFamily extends MetricFamily {
  readonly value: (metrics: HubMetrics) => number;
}

interface GatewayFamily extends MetricFamily {
  readonly value: (metrics: Metrics) => number;
}

/** Every metric with a `hub` label. docs/METRICS.md lists the same, checked by a test. */
export const hubFamilies: readonly HubFamily[] = [
  gauge("clients", "Clients connected, handshake done", (m) => m.clients),
  counter("clients_total", "Clients that completed the handshake since start", (m) => m.clientsTotal),
  gauge("shared_upstreams", "Shared upstreams open", (m) => m.sharedUpstreams),
  gauge("private_upstreams", "Private upstreams open or opening", (m) => m.privateUpstreams),
  counter("private_upstreams_total", "Private upstreams opened since start", (m) => m.privateUpstreamsTotal),
  counter("shared_upstream_connects_total", "Times a shared upstream was opened", (m) => m.sharedUpstreamConnects),
  counter("origin_messages_total", "Hub messages received on shared upstreams", (m) => m.originMessages),
  counter("origin_bytes_total", "Bytes of hub messages received on shared upstreams", (m) => m.originBytes),
  counter("private_messages_total", "Hub messages received on private upstreams", (m) => m.privateMessages),
  counter("private_bytes_total", "Bytes of hub messages received on private upstreams", (m) => m.privateBytes),
  counter(
    "deliveries_total",
    "Group messages handed to clients; one message to N members counts N",
    (m) => m.deliveries,
  ),
  counter(
    "client_bytes_total",
    "Bytes handed to clients as they are on the transport, after compression and with its framing",
    (m) => m.clientBytes,
  ),
  counter("client_messages_total", "Hub messages received from clients, pings left out", (m) => m.clientMessages),
  counter("unattributed_total", "Messages on a shared upstream without rule, key or group", (m) => m.unattributed),
  counter(
    "duplicates_dropped_total",
    "Messages that came a second time: privately, or a broadcast on a further shared upstream",
    (m) => m.duplicatesDropped,
  ),
  counter("slow_consumers_total", "Clients cut because they did not read", (m) => m.slowConsumers),
  counter("throttled_total", "Times a client was not read for a while because it sent too much", (m) => m.throttled),
  counter("dropped_total", "Group messages not sent to clients behind (onSlow: drop)", (m) => m.dropped),
  counter("conflated_total", "Group messages replaced by a newer one for clients behind", (m) => m.conflated),
  counter("gaps_total", "Group subscriptions interrupted by the end of a shared upstream", (m) => m.gaps),
  counter("joins_total", "Joins that clients asked for", (m) => m.joins),
  counter("origin_joins_total", "Join invocations sent to the origin", (m) => m.originJoins),
  counter("origin_leaves_total", "Leave invocations sent to the origin", (m) => m.originLeaves),
  counter("internal_errors_total", "Bugs of the gateway met while serving a client", (m) => m.internalErrors),
  counter("shared_calls_total", "Calls answered without an invocation of their own", (m) => m.sharedCalls),
  counter("origin_calls_total", "Invocations of shared calls sent to the origin", (m) => m.originCalls),
  counter("origin_streams_total", "Shared streams started at the origin", (m) => m.originStreams),
  counter("join_errors_total", "Join invocations that the origin refused", (m) => m.joinErrors),
  gauge("per_key_upstreams", "Shared upstreams that serve a single key", (m) => m.perKeyUpstreams),
  counter("per_key_refusals_total", "Joins refused because of limits.maxPerKeyUpstreams", (m) => m.perKeyRefusals),
  counter(
    "direct_messages_total",
    "Messages that the origin would have sent to clients connected to it",
    (m) => m.savings.directMessages,
  ),
  counter("direct_bytes_total", "Bytes of these messages in WebSocket frames", (m) => m.savings.directBytes),
  counter("upstream_messages_total", "Messages that the origin sent instead", (m) => m.savings.upstreamMessages),
  counter("upstream_bytes_total", "Bytes of these messages in WebSocket frames", (m) => m.savings.upstreamBytes),
  counter("direct_invocations_total", "Invocations of clients that rules took", (m) => m.savings.directInvocations),
  counter(
    "upstream_invocations_total",
    "Invocations made for them at the origin",
    (m) => m.savings.upstreamInvocations,
  ),
];

/** Metrics without labels. */
export const gatewayFamilies: readonly GatewayFamily[] = [
  counter("negotiations_total", "Negotiate requests answered with a connection", (m) => m.negotiations),
  counter("negotiations_refused_total", "Negotiate requests refused", (m) => m.negotiationsRefused),
  counter(
    "negotiations_redirected_total",
    "Negotiate requests answered with a redirect of the origin",
    (m) => m.negotiationsRedirected,
  ),
  counter("upgrades_refused_total", "WebSocket upgrades refused", (m) => m.upgradesRefused),
  counter(
    "address_refusals_total",
    "Negotiate requests and upgrades refused because of limits.maxConnectionsPerAddress",
    (m) => m.addressesRefused,
  ),
  counter(
    "requests_over_limit_total",
    "Requests too large, too long or too slow (408, 414, 431)",
    (m) => m.requestsOverLimit,
  ),
  counter("reloads_total", "Changed configurations taken over while running", (m) => m.reloads),
  counter("reloads_refused_total", "Configurations refused while running; the old one stays", (m) => m.reloadsRefused),
];

const closedFamily: MetricFamily = {
  name: "signalr_edge_connections_closed_total",
  type: "counter",
  help: "Client connections ended, by reason",
};

const refusedFamily: MetricFamily = {
  name: "signalr_edge_limit_refusals_total",
  type: "counter",
  help: "What clients asked for and were refused, by the name of the limit",
};

/** Text exposition format 0.0.4, made on scrape only. */
export function exposition(metrics: Metrics): string {
  const lines: string[] = [];
  for (const family of gatewayFamilies) lines.push(...head(family), `${family.name} ${family.value(metrics)}`);
  for (const family of hubFamilies) {
    lines.push(...head(family));
    for (const [path, hub] of metrics.hubs)
      lines.push(`${family.name}{hub="${escapeLabel(path)}"} ${family.value(hub)}`);
  }
  lines.push(...reasonLines(closedFamily, metrics, (hub) => hub.closed));
  lines.push(...reasonLines(refusedFamily, metrics, (hub) => hub.refused));
  lines.push(...processLines());
  return `${lines.join("\n")}\n`;
}

function reasonLines(
  family: MetricFamily,
  { hubs }: Metrics,
  countsOf: (hub: HubMetrics) => Readonly<Record<string, number>>,
): string[] {
  const samples = [...hubs].flatMap(([path, hub]) =>
    Object.entries(countsOf(hub)).map(
      ([reason, count]) => `${family.name}{hub="${escapeLabel(path)}",reason="${reason}"} ${count}`,
    ),
  );
  return [...head(family), ...samples];
}

function processLines(): string[] {
  const { user, system } = process.cpuUsage();
  return [
    "# HELP process_cpu_seconds_total CPU time of the process",
    "# TYPE process_cpu_seconds_total counter",
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    "# HELP process_resident_memory_bytes Resident memory of the process",
    "# TYPE process_resident_memory_bytes gauge",
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
  ];
}

function head({ name, type, help }: MetricFamily): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function counter<T>(name: string, help: string, value: (metrics: T) => number) {
  return { name: `signalr_edge_${name}`, type: "counter" as const, help, value };
}

function gauge<T>(name: string, help: string, value: (metrics: T) => number) {
  return { name: `signalr_edge_${name}`, type: "gauge" as const, help, value };
}
