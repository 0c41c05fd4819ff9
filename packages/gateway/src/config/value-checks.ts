import { isIP } from "node:net";
import { showValue } from "./complaint.ts";
import { parseKeyTemplate } from "./key-template.ts";
import { isLoopbackHost } from "./loopback.ts";

/**
 * One check per kind of text in the file. Each returns what is wrong and what is allowed, or `undefined` for a good value.
 * Values that may be secrets are never repeated in the answer.
 */
export type ValueCheck = (value: string) => string | undefined;

export const checkHost: ValueCheck = (value) => {
  if (/^[\w.:-]+$/.test(value)) return undefined;
  return `must be a host name or an IP address, without scheme, port or brackets (0.0.0.0 or :: for every interface), not ${showValue(value)}`;
};

export const checkHubPath: ValueCheck = (value) => {
  const segments = value.split("/").slice(1);
  const isPath =
    value === "/" ||
    (/^(\/[\w.~!$&'()*+,;=:@%-]+)+\/?$/.test(value) && !segments.includes(".") && !segments.includes(".."));
  return isPath ? undefined : `must be an absolute path such as "/hubs/odds", without query, not ${showValue(value)}`;
};

export const checkOrigin: ValueCheck = (value) => {
  const example = 'an http:// or https:// URL of the hub, such as "https://app.example.com/hubs/odds"';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    return "must not contain a user name or password; use sharedUpstream for the gateway's own credential";
  }
  if (url === undefined) return `must be ${example}, not ${showValue(value)}`;
  if (url.protocol === "ws:" || url.protocol === "wss:") {
    return `must be ${example}: SignalR negotiates over HTTP first; not ${showValue(value)}`;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return `must be ${example}, not ${showValue(value)}`;
  // The text, not url.search: a lone "?" or "#" would be glued into the middle of every request URL.
  if (/[?#]/.test(value))
    return "must not contain a query or a fragment; the client's own query is added to each request";
  return undefined;
};

export const checkNotEmpty: ValueCheck = (value) =>
  value.trim() === value && value !== "" ? undefined : "must not be empty, nor begin or end with a space";

export const checkFilePath: ValueCheck = (value) =>
  value === "" || value.includes("\0") ? `must be the path of a file, not ${showValue(value)}` : undefined;

export const checkKeysUrl: ValueCheck = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    return "must not contain a user name or password";
  }
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname))) return undefined;
  return `must be an https:// URL (http:// on this machine only): whoever can change the keys can be any user; not ${showValue(value)}`;
};

export const checkAllowedOrigin: ValueCheck = (value) => {
  if (value === "*" || /^[a-z][a-z\d+.-]*:\/\/(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(value)) return undefined;
  return `must be scheme, host and port as browsers send them, such as "https://www.example.com", without path, or "*"; not ${showValue(value)}`;
};

export const checkRedirectHost: ValueCheck = (value) => {
  if (/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(value)) return undefined;
  return `must be a host, or host:port, without scheme and path, such as "example.service.signalr.net", not ${showValue(value)}`;
};

export const checkAddressRange: ValueCheck = (value) => {
  const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(value) ?? [];
  const version = isIP(address);
  const largest = version === 4 ? 32 : 128;
  if (version !== 0 && (prefix === undefined || Number(prefix) <= largest)) return undefined;
  return `must be an IP address or a range such as "10.0.0.0/8" or "fd00::/8", not ${showValue(value)}`;
};

export const checkHubMethod: ValueCheck = (value) =>
  value !== "" && value.trim() === value
    ? undefined
    : `must be the name of a hub method that clients invoke, not ${showValue(value)}`;

export const checkTarget: ValueCheck = (value) =>
  value === "" ? 'must be the name of a target that the hub sends, not ""' : undefined;

export const checkGroupName: ValueCheck = (value) => {
  if (value === "broadcast") return '"broadcast" is reserved for a later version; choose another name';
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(value)) return undefined;
  return `must be a name of 1 to 64 letters, digits, "-", "_" or ".", not ${showValue(value)}`;
};

export const checkKey: ValueCheck = (value) => {
  const result = parseKeyTemplate(value);
  return result.ok ? undefined : result.message;
};

export const checkMessageKey: ValueCheck = (value) => {
  const result = parseKeyTemplate(value);
  if (!result.ok) return result.message;
  return result.template.parts.some((part) => typeof part !== "string" && part.expand)
    ? `${JSON.stringify(value)} must yield one key: a message belongs to one group, so [] is for the keys of join and leave only`
    : undefined;
};

export const checkPartitionSource: ValueCheck = (value) => {
  // Names of claims are often URLs.
  if (/^claim\.\S+$/.test(value)) return undefined;
  const [, kind, name = ""] = /^(query|header)\.([\w.~-]+)$/.exec(value) ?? [];
  if (kind === undefined) return `must be "query.NAME", "header.NAME" or "claim.NAME", not ${showValue(value)}`;
  if (kind === "query" && ["id", "negotiateversion"].includes(name.toLowerCase())) {
    return `${showValue(value)} belongs to SignalR itself and says nothing about the client; choose another parameter`;
  }
  if (kind === "query" && name.toLowerCase() === "access_token") return sharesCredential(value);
  if (kind === "header" && ["authorization", "cookie"].includes(name.toLowerCase())) return sharesCredential(value);
  return kind === "header" ? checkHeaderName(name) : undefined;
};

function sharesCredential(value: string): string {
  return `${showValue(value)} is a credential: a shared upstream would be opened with one client's credential and serve others`;
}

/** Of one connection only (RFC 9110, 7.6.1), or written by whoever opens a connection. */
const connectionHeaders: readonly string[] = [
  ...[
    "accept",
    "accept-encoding",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
  ],
  ...["transfer-encoding", "upgrade", "host", "content-length", "content-encoding", "expect"],
];

export const checkHeaderName: ValueCheck = (value) => {
  const name = value.toLowerCase();
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return `must be the name of an HTTP header, not ${showValue(value)}`;
  if (name === "x-signalr-edge-chain") {
    return `${showValue(value)} is how gateways know each other, and made by the gateway itself; leave it out`;
  }
  if (connectionHeaders.includes(name) || name.startsWith("sec-websocket-")) {
    return `${showValue(value)} belongs to a single connection and cannot be passed on; leave it out`;
  }
  return undefined;
};

export const checkForwardedHeader: ValueCheck = (value) => {
  const name = value.toLowerCase();
  if (name === "*") return undefined;
  if (name === "forwarded" || name.startsWith("x-forwarded-") || name === "x-real-ip") {
    return `${showValue(value)} could be forged by any client; the gateway sends its own X-Forwarded-For, -Proto and -Host (see trustedProxies); leave it out`;
  }
  return checkHeaderName(value);
};

export const checkHeaderValue: ValueCheck = (value) =>
  // Anything else in a header ends it, or starts another one.
  /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? undefined
    : "must be one line of Latin-1 text (the value is not shown here)";

export const checkVariableName: ValueCheck = (value) =>
  /^[A-Za-z_]\w*$/.test(value)
    ? undefined
    : "must be the name of an environment variable, such as ORIGIN_TOKEN, not the token (the value is not shown here)";

export const checkToken: ValueCheck = (value) =>
  /^[\x21-\x7e]+$/.test(value) ? undefined : "must be visible ASCII without spaces (the value is not shown here)";
