import { readdirSync, readFileSync } from "node:fs";
import { loadConfig } from "@signalr-edge/gateway";
import { Finding, type Target, texts } from "../target.ts";

const examples = new URL("../../../examples/", import.meta.url);
const files = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));

const reference = (name: string): string => `\${${name}}`;

/** Config files: never an exception, and every error says where and what. */
export const configTarget: Target = {
  name: "config",
  maxBytes: 3000,
  maxBatch: 50,
  isAsync: false,
  seeds: [
    ...files.map((name) => readFileSync(new URL(name, examples))),
    ...texts(
      "hubs: [{ path: /hub, origin: http://127.0.0.1:5000/hub }]",
      '{"hubs":[{"path":"/hub","origin":reference("ORIGIN"),"groups":[{"name":"a","access":"public","join":{"method":"J","key":"{0}"},"messages":[{"target":"T","key":"{0.id}"}]}]}]}',
      `listen: { port: 8080 }\nadmin: { port: 9090, token: ${reference("TOKEN")} }\nhubs:\n  - path: /a\n    origin: ${reference("ORIGIN")}\n`,
    ),
  ],
  dictionary: texts(
    "hubs:",
    "path:",
    "origin:",
    "groups:",
    "name:",
    "access:",
    "join:",
    "leave:",
    "messages:",
    "method:",
    "key:",
    "target:",
    "{0}",
    "{0[]}",
    "{0.a}",
    "{1}:{0}",
    "limits:",
    "listen:",
    "port:",
    reference("ORIGIN"),
    reference("MISSING"),
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "? ",
    "- ",
    "|\n",
    "\n  ",
    "\t",
    "0x10",
    ".inf",
    "__proto__:",
    "%YAML 1.1\n",
    "---\n",
    "null",
    "[]",
    "{}",
  ),
  run(input) {
    const environment = { ORIGIN: "http://127.0.0.1:5000/hub", TOKEN: "a-token-of-the-operator" };
    const result = loadConfig(input.toString(), { environment, fileName: "gateway.yaml" });
    if (result.ok) return;
    if (result.errors.length === 0) throw new Finding("refused without an error");
    for (const { path, message } of result.errors) {
      if (path === "" || message === "") throw new Finding("an error without a place or a text");
    }
  },
  // The file is the operator's, who is trusted: it may cost what it costs.
  work: () => {},
  plain: (byteCount) => Buffer.alloc(byteCount, "#"),
};
