import { medianOf, type Result } from "./results.ts";
import type { SystemName } from "./systems/system.ts";

/** One row of the table of targets. Numbers are `undefined` where they were not measured. */
export interface TargetRow {
  readonly what: string;
  readonly controlName: string;
  readonly control: number | undefined;
  readonly measured: number | undefined;
  /** Measured by control, or the difference where the target is one. */
  readonly ratio: number | undefined;
  readonly target: string;
  readonly isMet: boolean | undefined;
}

interface Comparison {
  readonly what: string;
  readonly workload: string;
  readonly figure: string;
  readonly control: SystemName;
  readonly target: string;
  /** Default: measured by control. */
  readonly compare?: (measured: number, control: number) => number;
  readonly isMet: (ratio: number, measured: number) => boolean;
}

const difference = (measured: number, control: number): number => measured - control;

const comparisons: readonly Comparison[] = [
  {
    what: "deliveries per CPU-second, 1 message per tick",
    workload: "steady",
    figure: "deliveriesPerCpuSecond",
    control: "floor",
    target: ">= 0.85",
    isMet: (ratio) => ratio >= 0.85,
  },
  {
    what: "deliveries per CPU-second, 16 messages per tick over 40 groups",
    workload: "groups",
    figure: "deliveriesPerCpuSecond",
    control: "direct",
    target: ">= 3",
    isMet: (ratio) => ratio >= 3,
  },
  ...(["direct", "yarp", "nginx"] as const).flatMap((control) => originTargets(control)),
  {
    what: "added latency p50, ms",
    workload: "latency",
    figure: "latencyP50Ms",
    control: "direct",
    target: "<= 0.5 more",
    compare: difference,
    isMet: (added) => added <= 0.5,
  },
  {
    what: "added latency p99, ms",
    workload: "latency",
    figure: "latencyP99Ms",
    control: "direct",
    target: "<= 3 more",
    compare: difference,
    isMet: (added) => added <= 3,
  },
  {
    what: "memory per idle client in 2 groups, bytes",
    workload: "idle",
    figure: "rssBytesPerClient",
    control: "bare",
    target: "<= 1.5",
    isMet: (ratio) => ratio <= 1.5,
  },
  {
    what: "negotiate + connect + handshake + join per second",
    workload: "storm",
    figure: "connectsPerSecond",
    control: "direct",
    target: ">= 1",
    isMet: (ratio) => ratio >= 1,
  },
  {
    what: "the same per CPU-second",
    workload: "storm",
    figure: "connectsPerCpuSecond",
    control: "direct",
    target: ">= 1",
    isMet: (ratio) => ratio >= 1,
  },
  {
    what: "last member reached, one message, ms",
    workload: "last-member",
    figure: "lastMemberMs",
    control: "c",
    target: "<= 1.6",
    isMet: (ratio) => ratio <= 1.6,
  },
];

function originTargets(control: SystemName): Comparison[] {
  const of = (what: string, figure: string, target: string, isMet: Comparison["isMet"]): Comparison => ({
    what: `${what}, gateway by ${control}`,
    workload: "origin",
    figure,
    control,
    target,
    isMet,
  });
  return [
    of("origin CPU, ms", "originCpuMs", "<= 1/100", (ratio) => ratio <= 0.01),
    of("origin bytes out", "originBytesOut", "<= 1/1000", (ratio) => ratio <= 0.001),
    of("origin connections", "originConnections", "1", (_, measured) => measured === 1),
  ];
}

/** Of what was measured on both sides. */
export function targetRows(results: readonly Result[]): TargetRow[] {
  const rows = [...comparisons.map((comparison) => rowOf(comparison, results)), growthRow(results), slowRow(results)];
  return rows.filter(({ isMet }) => isMet !== undefined);
}

function rowOf({ compare = byControl, ...comparison }: Comparison, results: readonly Result[]): TargetRow {
  const { what, workload, figure, control: controlName, target, isMet } = comparison;
  const measured = medianOf(results, workload, "gateway", figure);
  const control = medianOf(results, workload, controlName, figure);
  const row = { what, controlName, control, measured, target };
  if (measured === undefined || control === undefined) return { ...row, ratio: undefined, isMet: undefined };
  const ratio = compare(measured, control);
  return { ...row, ratio, isMet: isMet(ratio, measured) };
}

function byControl(measured: number, control: number): number {
  return measured / control;
}

/** The most expensive number of clients by the cheapest; the control is the same for the floor. */
function growthRow(results: readonly Result[]): TargetRow {
  const steepness = (system: SystemName): number | undefined => {
    const costs = results
      .filter((one) => one.workload === "growth" && one.system === system)
      .flatMap(({ spread }) => spread.cpuUsPerDelivery?.median ?? []);
    return costs.length < 2 ? undefined : Math.max(...costs) / Math.min(...costs);
  };
  const measured = steepness("gateway");
  return {
    what: "CPU per delivery as clients grow, most by least",
    controlName: "floor",
    control: steepness("floor"),
    measured,
    ratio: measured,
    target: "<= 1.15",
    isMet: measured === undefined ? undefined : measured <= 1.15,
  };
}

/** What slow clients do to the others: p99 with 5 % of them by p99 with none. */
function slowRow(results: readonly Result[]): TargetRow {
  const p99 = (variant: string): number | undefined =>
    results.find((one) => one.workload === "slow" && one.variant === variant && one.system === "gateway")?.spread
      .latencyP99Ms?.median;
  const measured = p99("5 % slow");
  const control = p99("none slow");
  const ratio = measured === undefined || control === undefined ? undefined : measured / control;
  return {
    what: "p99 of the others with 5 % slow clients, ms",
    controlName: "none slow",
    control,
    measured,
    ratio,
    target: "<= 1.1",
    isMet: ratio === undefined ? undefined : ratio <= 1.1,
  };
}
