import type { EdgeOptions } from "./configure-edge.ts";
import type { RejoinRule } from "./remembered-calls.ts";

/** `data-` attributes of the script element, by their names in `dataset`. */
export type ScriptData = Readonly<Record<string, string | undefined>>;

/** Options as a plain page writes them; `undefined` without `data-gateway`, for pages that call `configureEdge` themselves. */
export function scriptOptions(data: ScriptData): EdgeOptions | undefined {
  const { gateway, origin, rollout, deviceId, fallback, answerTimeoutMs, fallbackSpreadMs, rejoin } = data;
  if (gateway === undefined) return undefined;
  return {
    // Without an origin, the hubs of the page's own host are meant.
    routes: [{ from: origin ?? "/", to: gateway }],
    rollout: numberOf(rollout),
    deviceId,
    fallback: fallbackOf(fallback),
    answerTimeoutMs: numberOf(answerTimeoutMs),
    fallbackSpreadMs: numberOf(fallbackSpreadMs),
    rejoin: rejoin === undefined ? undefined : rejoinRules(rejoin),
  };
}

function fallbackOf(text: string | undefined): "origin" | "none" | undefined {
  if (text === undefined || text === "origin" || text === "none") return text;
  throw new Error(`data-fallback is ${JSON.stringify(text)}; must be "origin" or "none"`);
}

/** An empty text is no number, although `Number` takes it for 0. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** `SubscribeToEvent:UnsubscribeFromEvent, Watch`: methods, each with its undo method if there is one. */
function rejoinRules(text: string): RejoinRule[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((word) => {
    const [method = "", undo] = word.split(":");
    return { method, undo };
  });
}
