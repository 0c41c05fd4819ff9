import { expect, test } from "vitest";
import { helpText, parseCommandLine } from "./command-line.ts";

const parse = (line: string) => parseCommandLine(line === "" ? [] : line.split(" "));

test.each([
  ["", { kind: "help" }],
  ["--help", { kind: "help" }],
  ["-h", { kind: "help" }],
  ["help", { kind: "help" }],
  ["run --help", { kind: "help" }],
  ["--version", { kind: "version" }],
  ["-v", { kind: "version" }],
  ["run --config my.yaml", { kind: "run", config: "my.yaml" }],
  ["run --config=my.yaml", { kind: "run", config: "my.yaml" }],
  ["run -c my.yaml", { kind: "run", config: "my.yaml" }],
  ["--config my.yaml", { kind: "run", config: "my.yaml" }],
  ["--config my.yaml run", { kind: "run", config: "my.yaml" }],
  ["run --config=-odd.yaml", { kind: "run", config: "-odd.yaml" }],
  ["run --origin http://a/b", { kind: "run-origin", origin: "http://a/b", host: undefined, port: undefined }],
  ["run --origin http://a/b --port 0", { kind: "run-origin", origin: "http://a/b", host: undefined, port: 0 }],
  [
    "--origin http://a/b --host :: --port 65535",
    { kind: "run-origin", origin: "http://a/b", host: "::", port: 65_535 },
  ],
  ["check --config my.yaml", { kind: "check", config: "my.yaml" }],
  ["schema", { kind: "schema" }],
  ["demo", { kind: "demo", clients: 500, seconds: undefined, json: false }],
  ["demo --clients 20 --seconds 3 --json", { kind: "demo", clients: 20, seconds: 3, json: true }],
  [
    "compare -c my.yaml --scenario s.yaml",
    {
      kind: "compare",
      config: "my.yaml",
      scenario: "s.yaml",
      ...{ origin: undefined, gateway: undefined, admin: undefined },
      ...{ pairs: undefined, seconds: undefined, seed: undefined, json: false },
    },
  ],
  [
    "compare -c a --scenario b --origin http://o --gateway http://g --admin http://m --pairs 8 --seconds 9 --seed 0 --json",
    {
      kind: "compare",
      config: "a",
      scenario: "b",
      ...{ origin: "http://o", gateway: "http://g", admin: "http://m" },
      ...{ pairs: 8, seconds: 9, seed: 0, json: true },
    },
  ],
])("%j is understood", (line, command) => {
  expect(parse(line)).toEqual(command);
});

test.each([
  ["run", "run needs --config gateway.yaml or --origin http://127.0.0.1:5000/hubs/odds"],
  ["--port 80", "run needs --config gateway.yaml or --origin http://127.0.0.1:5000/hubs/odds"],
  ["check", "check needs a file: signalr-edge check --config gateway.yaml"],
  [
    "run --config a --origin http://b",
    "--config and --origin exclude each other; the file names the origins of its hubs",
  ],
  ["run --config a --port 80", "--port goes with --origin; with --config, set listen.port in the file"],
  ["run --config a --host b", "--host goes with --origin; with --config, set listen.host in the file"],
  ["run --confg a", "unknown option --confg; did you mean --config? see signalr-edge --help"],
  ["run --xyz=1", "unknown option --xyz; see signalr-edge --help"],
  ["run -x", "unknown option -x; see signalr-edge --help"],
  ["run --toString", "unknown option --toString; see signalr-edge --help"],
  ["chekc --config a", 'unknown command "chekc"; did you mean check? commands: run, check, schema, demo, compare'],
  ["start", 'unknown command "start"; commands: run, check, schema, demo, compare'],
  ["constructor", 'unknown command "constructor"; commands: run, check, schema, demo, compare'],
  ["run --config", "--config needs a value: --config gateway.yaml"],
  ["run --config=", "--config needs a value: --config gateway.yaml"],
  ["run --config --port 80", "--config needs a value: --config gateway.yaml"],
  ["run --origin http://a --port", "--port needs a value: --port 8080"],
  ["run --config a --config b", "--config is given twice"],
  ["demo --json=1", "--json takes no value"],
  ["run --origin http://a --port x", '--port must be a whole number from 0 to 65535, not "x"'],
  ["run --origin http://a --port 65536", '--port must be a whole number from 0 to 65535, not "65536"'],
  ["run --origin http://a --port -1", '--port must be a whole number from 0 to 65535, not "-1"'],
  ["demo --clients 0", '--clients must be a whole number from 1 to 100000, not "0"'],
  ["demo --clients 1e3", '--clients must be a whole number from 1 to 100000, not "1e3"'],
  ["demo --seconds 1.5", '--seconds must be a whole number from 1 to 86400, not "1.5"'],
  ["demo --port 80", "demo has no option --port; its options: --clients, --seconds, --json"],
  [
    "compare --config a",
    "compare needs two files: signalr-edge compare --config gateway.yaml --scenario scenario.yaml",
  ],
  ["compare --config a --scenario b --pairs 0", '--pairs must be a whole number from 1 to 1000, not "0"'],
  ["compare --config a --scenario b --pear 3", "unknown option --pear; see signalr-edge --help"],
  ["schema --config a", "schema has no option --config; it takes none"],
  ["check my.yaml", 'unexpected argument "my.yaml"; did you mean --config my.yaml?'],
  ["run my.yaml", 'unexpected argument "my.yaml"; did you mean --config my.yaml?'],
  ["run http://a/b", 'unexpected argument "http://a/b"; did you mean --origin http://a/b?'],
  ["demo 500", 'unexpected argument "500"'],
])("%j is answered with a hint", (line, message) => {
  expect(parse(line)).toEqual({ kind: "usage-error", message });
});

test("the help text names every command and option and fits a terminal", () => {
  const text = helpText();
  for (const word of ["run", "check", "schema", "demo", "compare"]) expect(text).toContain(`signalr-edge ${word}`);
  const options = [
    "config",
    "origin",
    "port",
    "host",
    "clients",
    "seconds",
    "scenario",
    "gateway",
    "admin",
    "pairs",
    "seed",
    "json",
    "help",
    "version",
  ];
  for (const option of options) expect(text).toContain(`--${option}`);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
