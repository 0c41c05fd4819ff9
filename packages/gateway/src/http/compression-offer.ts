import { serverMaxWindowBits } from "../client/shared-deflate.ts";

/**
 * Window for what a client compresses, if it lets the gateway choose, as browsers with Chromium's engine do: 1 KiB is enough
 * for messages of clients, and an inflater is kept for each that compresses.
 */
const clientMaxWindowBits = 10;

const extensionName = "permessage-deflate";

/** One parameter; a value may stand in quotes (RFC 6455 section 9.1). */
const parameterForm = /^([a-z_]+)(?:\s*=\s*(?:(\d{1,2})|"(\d{1,2})"))?$/;

/** `true`: without a value. */
type Parameters = ReadonlyMap<string, number | true>;

/**
 * Pure: of the offers in a `Sec-WebSocket-Extensions` header the first that can be accepted, as a header with that offer
 * alone; `undefined` if there is none, and the connection goes on without compression (RFC 7692 section 5.1).
 */
export function chooseOffer(header: string | undefined): string | undefined {
  for (const offer of header?.split(",") ?? []) {
    const [name, ...parameters] = offer.split(";").map((part) => part.trim());
    if (name !== extensionName) continue;
    const parsed = parse(parameters);
    if (parsed !== undefined && isAcceptable(parsed)) return rewrite(parsed);
  }
  return undefined;
}

/** `undefined`: a parameter that does not exist, twice, or with a wrong value, which declines the offer (section 7.1). */
function parse(parameters: readonly string[]): Parameters | undefined {
  const parsed = new Map<string, number | true>();
  for (const parameter of parameters) {
    const [, name = "", plain, quoted] = parameterForm.exec(parameter) ?? [];
    const digits = plain ?? quoted;
    if (parsed.has(name) || !isValid(name, digits)) return undefined;
    parsed.set(name, digits === undefined ? true : Number(digits));
  }
  return parsed;
}

function isValid(name: string, digits: string | undefined): boolean {
  const isWindow = digits !== undefined && /^([89]|1[0-5])$/.test(digits);
  switch (name) {
    case "server_no_context_takeover":
    case "client_no_context_takeover":
      return digits === undefined;
    case "server_max_window_bits":
      return isWindow;
    case "client_max_window_bits":
      return digits === undefined || isWindow;
    default:
      return false;
  }
}

/** All clients get the same bytes, so one whose window is too small for them gets none. */
function isAcceptable(parameters: Parameters): boolean {
  const bits = parameters.get("server_max_window_bits");
  return typeof bits !== "number" || bits >= serverMaxWindowBits;
}

function rewrite(parameters: Parameters): string {
  const offered = parameters.get("client_max_window_bits");
  if (offered === undefined) return extensionName;
  const bits = offered === true ? clientMaxWindowBits : Math.min(offered, clientMaxWindowBits);
  return `${extensionName}; client_max_window_bits=${bits}`;
}
