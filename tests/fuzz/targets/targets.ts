import type { Target } from "../target.ts";
import { configTarget } from "./config.ts";
import { forwardedTarget } from "./forwarded.ts";
import { framingTarget } from "./framing.ts";
import { handshakeTarget } from "./handshake.ts";
import { jsonTarget } from "./json.ts";
import { longPollingTarget } from "./long-polling.ts";
import { messagePackTarget } from "./messagepack.ts";
import { negotiateTarget } from "./negotiate.ts";
import { tokenTarget } from "./token.ts";

/** In the order in which they take turns. */
export const targets: readonly Target[] = [
  jsonTarget,
  messagePackTarget,
  framingTarget,
  handshakeTarget,
  negotiateTarget,
  configTarget,
  tokenTarget,
  forwardedTarget,
  longPollingTarget,
];
