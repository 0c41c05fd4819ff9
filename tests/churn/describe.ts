import type { ChurnOptions, ChurnReport } from "./run-churn.ts";
import type { RecoveryOptions, RecoveryReport } from "./run-recovery.ts";
import type { StormOptions, StormReport } from "./run-storm.ts";
import type { Verdicts } from "./verdicts.ts";

export function describeChurn(options: ChurnOptions, report: ChurnReport): string {
  const { verdicts } = report;
  const { clients, topics, seconds, kills } = options;
  const perSecond = Math.round(report.published / report.publishedForSeconds);
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  return [
    `${clients} clients, ${topics} publishers, ${seconds} s, ${kills} kills of the origin (down for ${report.downMs.join(", ")} ms; the gateway was back after ${report.backMs.join(", ")} ms more)`,
    `published ${report.published}, that is ${perSecond} per second while there was an origin; delivered and checked ${verdicts.deliveries}`,
    `${verdicts.connects} connects, ${verdicts.refusedConnects} refused, ${verdicts.departures} departures; ${verdicts.joins} joins with ${verdicts.snapshots} snapshots, ${verdicts.joinErrors} join errors, ${verdicts.leaves} leaves`,
    `told by Close ${verdicts.toldByClose}, told by a new snapshot ${verdicts.toldBySnapshot}; private: ${verdicts.privateAnswers} answers, ${verdicts.privateEnds} ended with their connection`,
    `cpu of one core: gateway ${percent(report.gatewayCpu)}, clients ${percent(report.crowdCpu)}`,
    ...describeFaults(verdicts),
  ].join("\n");
}

function describeFaults({ faults, examples }: Verdicts): readonly string[] {
  const counts = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
  return [counts.join(", "), ...examples.map((example) => `  ${example}`)];
}

export function describeStorm({ clients, topics, withinMs, joinResult }: StormOptions, report: StormReport): string {
  const { originJoins, verdicts } = report;
  const ratio = (joins: number): string => (joins / topics).toFixed(1);
  return [
    `${clients} clients, half of them JSON, connected in ${report.connectMs} ms; each joined the same ${topics} topics within ${withinMs} ms, joinResult ${joinResult}`,
    `${verdicts.joins} joins answered in ${report.joinMs} ms; at the origin ${originJoins.json} joins from JSON, ${originJoins.messagepack} from MessagePack, that is ${ratio(originJoins.json)} and ${ratio(originJoins.messagepack)} per topic`,
    `gateway ${report.gatewayMegabytes} MB resident; ${verdicts.snapshots} snapshots and ${verdicts.deliveries} messages checked`,
    ...describeFaults(verdicts),
  ].join("\n");
}

export function describeRecovery({ groups, joinMs, shards }: RecoveryOptions, report: RecoveryReport): string {
  return [
    `${groups} groups, ${joinMs} ms for a join at the origin, ${shards} shared connection${shards === 1 ? "" : "s"}`,
    `99 % flow again ${report.almostAllMs} ms after the origin listens again, all after ${report.allMs} ms; ${report.connectionsLost} client connections lost`,
  ].join("\n");
}
