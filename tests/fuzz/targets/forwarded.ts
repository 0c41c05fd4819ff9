import { IncomingMessage } from "node:http";
import { isIP, Socket } from "node:net";
import { forwardRequest } from "../../../packages/gateway/src/http/forward-request.ts";
import { TrustedProxies } from "../../../packages/gateway/src/http/trusted-proxies.ts";
import { Finding, type Target, texts } from "../target.ts";

/** 10.0.0.0/8 and loopback, as text. */
const isTrusted = (address: string): boolean => /^10\.|^127\.0\.0\.1$/.test(address);
const proxies = new TrustedProxies(["10.0.0.0/8", "127.0.0.1"]);

const peer = Object.defineProperty(new Socket(), "remoteAddress", { value: "127.0.0.1" });
const request = new IncomingMessage(peer);
const names = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "host"] as const;

/** What proxies say of a client, a header a line: the address is the last one that a trusted proxy vouches for. */
export const forwardedTarget: Target = {
  name: "forwarded",
  maxBytes: 1000,
  maxBatch: 64_000,
  isAsync: false,
  seeds: texts(
    "6.6.6.6, 10.1.2.3\nhttps\nedge.test\ngateway.test",
    "[2001:db8::1]:443,10.0.0.1\nhttp,https\na,b\nc",
    "::ffff:10.0.0.1, 1.2.3.4:80\n\n\n",
  ),
  dictionary: texts(
    "10.0.0.1",
    "127.0.0.1",
    "::ffff:10.0.0.1",
    "::1",
    "[::1]:1",
    "0x0a.1",
    "10.1",
    "010.0.0.1",
    "256.1.1.1",
    ",",
    " ",
    "\n",
    "https",
    "unknown",
    "_hidden",
    "fe80::1%eth0",
    "\t",
    "a b",
  ),
  run(input) {
    const lines = input.toString("latin1").split("\n");
    for (const [index, name] of names.entries()) request.headers[name] = lines[index] ?? "";
    const route = proxies.routeOf(request);
    const address = naiveAddress(lines[0] ?? "");
    if (route.address !== address) throw new Finding(`${route.address}, expected ${address}`);
    if (route.scheme !== "http" && route.scheme !== "https") throw new Finding("a scheme that is none");
    const { headers, query } = forwardRequest(lines[3] ?? "", request.headers, ["*"], route);
    if (headers["x-forwarded-for"] !== address) throw new Finding("the origin is told another address");
    if ("host" in headers) throw new Finding("the client's Host goes to the origin");
    if (/(^|&)id=/i.test(query)) throw new Finding("the client's id goes to the origin");
  },
  work: (input) => {
    request.headers["x-forwarded-for"] = input.toString("latin1");
    proxies.routeOf(request);
  },
  plain: (byteCount) => Buffer.from("10.0.0.1,".repeat(Math.ceil(byteCount / 9))),
};

function naiveAddress(list: string): string {
  const entries = list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  let address = "127.0.0.1";
  while (isTrusted(address)) {
    const next = bare(entries.pop() ?? "");
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

function bare(entry: string): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(entry)?.[1] ?? entry;
  const withoutPort = /^[\d.]+:\d+$/.test(bracketed) ? (bracketed.split(":")[0] ?? "") : bracketed;
  return /^::ffff:[\d.]+$/i.test(withoutPort) ? withoutPort.slice(7) : withoutPort;
}
