import { Chart } from "./chart.js";
import { byId, html, setAttributes, setText } from "./elements.js";
import { bytes, count, duration, milliseconds, percent, shortCount, timeOfDay } from "./format.js";
import { SavingsView, savedShare, sumOf } from "./savings.js";
import { Series } from "./series.js";
import { Table } from "./table.js";

/** @typedef {import("./wire.js").Hello} Hello */
/** @typedef {import("./wire.js").Tick} Tick */
/** @typedef {import("./wire.js").LargestGroups} LargestGroups */
/** @typedef {import("./wire.js").LifecycleEvent} LifecycleEvent */

const maxEvents = 200;

/** @param {number} value */
const perSecond = (value) => `${shortCount(value)}/s`;
/** @param {number} value */
const bytesPerSecond = (value) => `${bytes(value)}/s`;

const trafficCharts = [
  { title: "Messages from the origin", lines: [{ name: "originMessages", label: "messages" }], format: perSecond },
  { title: "Messages to clients", lines: [{ name: "clientMessages", label: "messages" }], format: perSecond },
  { title: "Bytes from the origin", lines: [{ name: "originBytes", label: "bytes" }], format: bytesPerSecond },
  { title: "Bytes to clients", lines: [{ name: "clientBytes", label: "bytes" }], format: bytesPerSecond },
];
const gatewayCharts = [
  {
    title: "Connections",
    lines: [
      { name: "clients", label: "clients" },
      { name: "originConnections", label: "origin" },
    ],
    format: shortCount,
    least: 4,
  },
  {
    title: "Time in the gateway",
    lines: [
      { name: "latencyP50Ms", label: "median" },
      { name: "latencyP99Ms", label: "99 %" },
      { name: "latencyMaxMs", label: "longest" },
    ],
    format: milliseconds,
    least: 1,
    note: "From the read of a message from the origin to the last write to its clients, the longest of each turn of the event loop.",
  },
  {
    title: "Event loop, longest delay",
    lines: [{ name: "loopDelayMs", label: "delay" }],
    format: milliseconds,
    least: 10,
  },
  { title: "Resident memory", lines: [{ name: "memoryBytes", label: "memory" }], format: bytes, least: 1 },
];
const troubles = [
  { name: "slowConsumers", title: "Slow consumers cut", tone: "warn" },
  { name: "gaps", title: "Gaps", tone: "bad" },
  { name: "dropped", title: "Dropped or conflated", tone: "warn" },
  { name: "unattributed", title: "Unattributed messages", tone: "warn" },
  { name: "joinErrors", title: "Joins refused", tone: "warn" },
  { name: "internalErrors", title: "Internal errors", tone: "bad" },
];

/** Everything of the page that shows figures. */
export class View {
  #series = new Series();
  #savings = new SavingsView(byId("headline"), byId("savings"));
  #charts;
  #troubles;
  #hubs = new Table(
    "Hubs with their clients and what they save",
    [
      { title: "Hub", style: "key" },
      { title: "Clients", style: "number" },
      { title: "WS / SSE / polling", style: "wide number" },
      { title: "Shared", style: "number" },
      { title: "Private", style: "number" },
      { title: "Bytes saved", style: "number" },
    ],
    "There are no hubs.",
  );
  #upstreams = new Table(
    "Shared upstreams and the number of private ones",
    [
      { title: "Hub", style: "key" },
      { title: "Protocol" },
      { title: "Serves", style: "wide" },
      { title: "State" },
      { title: "Groups", style: "number" },
    ],
    "None is needed at the moment.",
  );
  #groups = new Table(
    "Groups, largest first",
    [
      { title: "Key", style: "key" },
      { title: "Hub", style: "wide" },
      { title: "Members", style: "number" },
    ],
    "No group.",
  );
  #rules = new Table(
    "Messages, bytes and invocations of each rule, used instead of direct",
    [
      { title: "Rule", style: "key" },
      { title: "Kind", style: "wide" },
      { title: "Messages", style: "number" },
      { title: "Bytes", style: "wide number" },
      { title: "Invocations", style: "number" },
    ],
    "No hub has rules: nothing is shared.",
  );
  #closed = new Table(
    "Client connections ended since start, by reason",
    [{ title: "Reason" }, { title: "Hub", style: "wide" }, { title: "Connections", style: "number" }],
    "None has ended yet.",
  );
  #eventTable = new Table(
    "Events of the gateway, newest first",
    [{ title: "Time", style: "time" }, { title: "Event", style: "name" }, { title: "Details" }],
    "Nothing has happened yet.",
  );
  /** @type {LifecycleEvent[]} */
  #events = [];

  constructor() {
    this.#charts = [
      ...trafficCharts.map((options) => this.#addChart("traffic", options)),
      ...gatewayCharts.map((options) => this.#addChart("gateway", options)),
    ];
    this.#troubles = troubles.map(({ name, title, tone }) => {
      const [recent, total] = [html("span"), html("small")];
      byId("trouble").append(html("div", {}, html("dt", {}, title), html("dd", {}, recent, total)));
      return { name, tone, recent, total };
    });
    for (const [id, table] of /** @type {const} */ ([
      ["hubs", this.#hubs],
      ["upstreams", this.#upstreams],
      ["groups", this.#groups],
      ["rules", this.#rules],
      ["closed", this.#closed],
      ["events", this.#eventTable],
    ])) {
      const parent = byId(id);
      parent.append(table.element);
      // It scrolls, so the keyboard must reach it, and then say what it is.
      setAttributes(parent, { tabindex: "0", role: "group", "aria-labelledby": `${id}-title` });
    }
  }

  /** @param {Hello} hello */
  begin({ version, history, events }) {
    setText(byId("version"), `version ${version}`);
    this.#series.reset(history);
    this.#events = [];
    this.#addEvents(events);
  }

  /** @param {Tick} tick */
  show({ uptimeSeconds, sample, hubs, events }) {
    setText(byId("uptime"), `up ${duration(uptimeSeconds)}`);
    setText(byId("busy"), `event loop ${percent(sample.loopBusy ?? 0)} busy`);
    this.#series.add(sample);
    const savings = sumOf(hubs.map((hub) => hub.savings));
    this.#savings.show(savings);
    const [clients, connections] = [count(savings.connections.direct), count(savings.connections.upstream)];
    document.title = `${clients} → ${connections} · signalr-edge`;
    for (const chart of this.#charts) chart.draw();
    this.#showTroubles();
    this.#showHubs(hubs);
    if (events.length > 0) this.#addEvents(events);
  }

  /** @param {LargestGroups} found @param {string} search */
  showGroups({ groups, matchCount, groupCount }, search) {
    this.#groups.show(groups.map(({ key, hub, members }) => [key, hub, count(members)]));
    const all = search === "" ? `${count(groupCount)} in all` : `${count(matchCount)} of ${count(groupCount)} found`;
    setText(byId("groups-title"), `Groups by size, ${all}`);
  }

  /** @param {string} parent @param {import("./chart.js").ChartOptions} options */
  #addChart(parent, options) {
    const chart = new Chart(options, this.#series);
    byId(parent).append(chart.element);
    return chart;
  }

  #showTroubles() {
    for (const { name, tone, recent, total } of this.#troubles) {
      const growth = this.#series.growth(name);
      setText(recent, count(growth));
      setAttributes(recent, { "data-tone": growth > 0 ? tone : "none" });
      setText(total, `in 10 min, ${count(this.#series.values(name).at(-1) ?? 0)} since start`);
    }
  }

  /** @param {Tick["hubs"]} hubs */
  #showHubs(hubs) {
    this.#hubs.show(
      hubs.map(({ path, clients, clientsByTransport: by, sharedUpstreamCount, privateUpstreams, savings }) => [
        path,
        count(clients),
        [by.WebSockets, by.ServerSentEvents, by.LongPolling].map((each) => count(each ?? 0)).join(" / "),
        count(sharedUpstreamCount),
        count(privateUpstreams),
        savings.bytes.direct === 0 ? "-" : percent(savedShare(savings.bytes)),
      ]),
    );
    this.#upstreams.show(hubs.flatMap(upstreamRows));
    this.#rules.show(hubs.flatMap(({ savings }) => savings.rules.map(ruleRow)));
    this.#closed.show(
      hubs.flatMap(({ path, closed }) => {
        const ends = Object.entries(closed).sort(([, a], [, b]) => b - a);
        return ends.map(([reason, ended]) => [reason, path, count(ended)]);
      }),
    );
  }

  /** Those that the page has already come again after a reconnect. @param {readonly LifecycleEvent[]} events */
  #addEvents(events) {
    const newest = this.#events[0]?.number ?? 0;
    const added = events.filter(({ number }) => number > newest).reverse();
    this.#events = [...added, ...this.#events].slice(0, maxEvents);
    this.#eventTable.show(
      this.#events.map(({ time, level, event, fields }) => [
        timeOfDay(time),
        { text: event, tone: { debug: "none", info: "none", warn: "warn", error: "bad" }[level] },
        Object.entries(fields)
          .map(([name, value]) => (name === "hub" ? value : `${name} ${value}`))
          .join(", "),
      ]),
    );
  }
}

/** @param {Tick["hubs"][number]} hub @returns {import("./table.js").Cell[][]} */
function upstreamRows({ path, sharedUpstreams, sharedUpstreamCount, privateUpstreams }) {
  const tones = new Map([
    ["open", "good"],
    ["backoff", "bad"],
    ["idle", "none"],
  ]);
  /** @type {import("./table.js").Cell[][]} */
  const rows = sharedUpstreams.map(({ protocol, partition, state, groups, shard, key }) => [
    path,
    protocol,
    (key ?? `shard ${shard ?? 0}`) + (partition === "" ? "" : `, partition ${partition}`),
    { text: state, tone: tones.get(state) ?? "warn" },
    count(groups),
  ]);
  const unseen = sharedUpstreamCount - sharedUpstreams.length;
  if (unseen > 0) rows.push([path, "", "", { text: `${count(unseen)} more, shared`, tone: "none" }, ""]);
  if (privateUpstreams > 0) {
    rows.push([path, "", "", { text: `${count(privateUpstreams)} private`, tone: "good" }, "-"]);
  }
  return rows;
}

/** @param {Tick["hubs"][number]["savings"]["rules"][number]} rule */
function ruleRow({ kind, name, messages, bytes: size, invocations }) {
  /** @param {import("./savings.js").Saving} saving @param {(value: number) => string} format */
  const pair = ({ direct, upstream }, format) =>
    direct + upstream === 0 ? "-" : `${format(upstream)} of ${format(direct)}`;
  return [name, kind, pair(messages, shortCount), pair(size, bytes), pair(invocations, shortCount)];
}
