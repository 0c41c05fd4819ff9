import { hubProtocols } from "@signalr-edge/protocol";

const statuses = ["open", "open", "open", "suspended"] as const;
const names = ["Match Winner", "Over/Under 2.5", "Both Teams To Score", "Asian Handicap", "Draw No Bet"] as const;

/** A hub message with the odds of so many markets, always the same: 1 is about 300 bytes, 45 are 8 KiB. */
export function oddsMessage(marketCount: number): Buffer {
  let state = 42;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const markets = Array.from({ length: marketCount }, (_, market) => ({
    id: 1000 + market,
    name: names[random(names.length)],
    selections: [1, 2, 3].map((selection) => ({
      id: market * 10 + selection,
      price: (100 + random(900)) / 100,
      status: statuses[random(statuses.length)],
    })),
  }));
  const update = { eventId: 1_234_567, timestamp: "2025-11-24T15:41:07.123Z", score: [1, 0], clock: "45:00", markets };
  return hubProtocols.json.write({ type: 1, target: "OddsChanged", arguments: [update] });
}
