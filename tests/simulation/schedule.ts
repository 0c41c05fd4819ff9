import { Random } from "./random.ts";
import { drawSetup, type Setup } from "./setup.ts";
import { StepDraw } from "./step-draw.ts";
import type { Step } from "./steps.ts";

export interface Schedule {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

const minSteps = 200;
const maxExtraSteps = 200;

/** Everything that a seed stands for. Each seed draws its own mix of events, so that rare ones meet each other too. */
export function drawSchedule(seed: number): Schedule {
  const random = new Random(seed);
  const setup = drawSetup(random);
  const draw = new StepDraw(random, setup);
  const steps: Step[] = [];
  open(steps, draw);
  for (let left = minSteps + random.below(maxExtraSteps); left > 0; left -= 1) steps.push(draw.next());
  return { setup, steps };
}

/** Most runs start with everybody connected and some groups joined. */
function open(steps: Step[], draw: StepDraw): void {
  for (let client = 0; client < draw.clientCount; client += 1) steps.push({ do: "connect", client });
  if (draw.random.chance(0.2)) return;
  for (let client = 0; client < draw.clientCount; client += 1) {
    steps.push({ do: "join", client, request: draw.request(), answered: true });
  }
  for (let line = 0; line < draw.maxLineCount; line += 1) {
    steps.push({ do: "up", line }, { do: "serve", line, refused: false });
  }
}
