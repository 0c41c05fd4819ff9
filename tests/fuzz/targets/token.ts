import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { findToken } from "../../../packages/gateway/src/http/bearer-token.ts";
import { Finding, type Target, texts } from "../target.ts";

const request = new IncomingMessage(new Socket());

/** Header and query, apart by a line feed: the token is one that stands there, and never one of two. */
export const tokenTarget: Target = {
  name: "token",
  maxBytes: 2000,
  maxBatch: 64_000,
  isAsync: false,
  seeds: texts(
    "Bearer abc.def.ghi\nid=1&access_token=abc.def.ghi",
    "Basic eA==\naccess_token=t",
    "bearer  x\nACCESS_TOKEN=y",
  ),
  dictionary: texts(
    "Bearer ",
    "bearer",
    "access_token=",
    "&access_token=",
    "%61ccess_token=",
    "%20",
    "+",
    "%ff",
    "%",
    "=",
    "&",
    ";",
    "\n",
    " ",
    "\t",
    "eyJhbGciOiJub25lIn0.e30.",
  ),
  run(input) {
    const [header = "", ...rest] = input.toString("latin1").split("\n");
    const query = rest.join("\n");
    request.headers.authorization = header;
    const found = findToken(request, query);
    const parameters = query.split("&").flatMap((part) => [...new URLSearchParams(part)]);
    const tokens = new Set(parameters.flatMap(([name, value]) => (/^access_token$/i.test(name) ? [value] : [])));
    tokens.delete("");
    const [, bearer] = /^bearer +([^\s]+) *$/i.exec(header) ?? [];
    if (bearer !== undefined) tokens.add(bearer);
    const expected = tokens.size === 0 ? "none" : tokens.size === 1 ? "found" : "ambiguous";
    if (found.kind !== expected) throw new Finding(`${found.kind}, expected ${expected}`);
    if (found.kind === "found" && !tokens.has(found.token)) throw new Finding("a token that nobody sent");
  },
  work: (input) => {
    const [header = "", query = ""] = input.toString("latin1").split("\n");
    request.headers.authorization = header;
    findToken(request, query);
  },
  plain: (byteCount) => Buffer.from(`Bearer ${"x".repeat(byteCount)}\n`),
};
