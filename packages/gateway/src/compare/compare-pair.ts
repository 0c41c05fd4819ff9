import type { HubRules } from "../config/hub-rules.ts";
import { type ClientView, viewClient } from "./client-view.ts";
import { compareAnswers, type KnownAnswers } from "./compare-answers.ts";
import { compareConnections, disturbedTimes } from "./compare-connections.ts";
import { compareMessages } from "./compare-messages.ts";
import type { Findings } from "./difference.ts";
import type { PairRecording, Role } from "./recording.ts";
import type { Scenario } from "./scenario.ts";

export type PairViews = Readonly<Record<Role, ClientView>>;

export function viewPair({ clients }: PairRecording, rules: HubRules): PairViews {
  return {
    direct: viewClient(clients.direct, rules),
    gateway: viewClient(clients.gateway, rules),
    control: viewClient(clients.control, rules),
  };
}

/** Everything that one pair tells: three recordings -> differences. Pure. */
export function comparePair(
  recording: PairRecording,
  views: PairViews,
  rules: HubRules,
  { ignore, marginMs }: Pick<Scenario, "ignore" | "marginMs">,
  { known, caller }: { readonly known: KnownAnswers; readonly caller: string },
): Findings {
  const { pair, quiet } = recording;
  const connections = compareConnections(recording);
  const answers = compareAnswers(views, { pair, ignore, rules, known, caller });
  const disturbed = disturbedTimes(recording, marginMs);
  const messages = compareMessages(views, { pair, quiet, disturbed, ignore });
  return {
    ...answers,
    ...messages,
    answers: connections.answers + answers.answers,
    differences: [...connections.differences, ...answers.differences, ...messages.differences],
    notes: [...connections.notes, ...answers.notes, ...messages.notes],
  };
}
