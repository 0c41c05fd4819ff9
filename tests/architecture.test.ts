import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const packagesFolder = fileURLToPath(new URL("../packages", import.meta.url));
const maxLines = 400;

interface Import {
  /** Path of a source file below `packages/`, or the name of a package or Node module. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

interface SourceFile {
  /** Below `packages/`: `gateway/src/aggregation/hub.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const sourceFiles: readonly SourceFile[] = readdirSync(packagesFolder, { recursive: true, encoding: "utf8" })
  .filter((path) => /^[^/]+\/src\/.*\.ts$/.test(path))
  .map((path) => {
    const text = readFileSync(`${packagesFolder}/${path}`, "utf8");
    return { path, text, imports: importsOf(path, text) };
  });
const productFiles = sourceFiles.filter(({ path }) => !/\.(test|testing)\.ts$/.test(path));

function importsOf(path: string, text: string): readonly Import[] {
  const statements = text.matchAll(/^(?:import|export)\s(type\s)?([^;"]*?from\s)?"([^"]+)";/gm);
  const dynamic = text.matchAll(/\bimport\(\s*"([^"]+)"/g);
  return [
    ...Array.from(statements, ([, type, , specifier]) => ({
      isTypeOnly: type !== undefined,
      specifier: specifier ?? "",
    })),
    ...Array.from(dynamic, ([, specifier]) => ({ isTypeOnly: false, specifier: specifier ?? "" })),
  ].map(({ isTypeOnly, specifier }) => {
    const isRelative = specifier.startsWith(".");
    return { isTypeOnly, target: isRelative ? posix.join(posix.dirname(path), specifier) : specifier };
  });
}

/**
 * The layers of the gateway from the bottom up: what belongs to each, and which others it may import. `client` and
 * `upstream` are on one level and meet through `aggregation/ports.ts` only.
 */
const layers = {
  base: {
    files:
      /^(address-use|allowance|method-refusal|clock|close-reasons|assert-never|identity|keep-alive|version|observe\/log|observe\/metrics|observe\/savings)\.ts$/,
    mayImport: [],
  },
  rules: { files: /^config\/hub-rules\.ts$/, mayImport: [] },
  config: { files: /^config\//, mayImport: ["base", "rules"] },
  aggregation: { files: /^aggregation\//, mayImport: ["base", "rules"] },
  client: { files: /^client\//, mayImport: ["base", "aggregation"] },
  upstream: { files: /^upstream\//, mayImport: ["base", "aggregation"] },
  hubRuntime: { files: /^hub-runtime\.ts$/, mayImport: ["base", "rules", "config", "aggregation", "upstream"] },
  http: {
    files: /^(http|observe)\//,
    mayImport: ["base", "rules", "config", "aggregation", "client", "upstream", "hubRuntime"],
  },
  gateway: {
    files: /^(gateway|running-hubs)\.ts$/,
    mayImport: ["base", "rules", "config", "aggregation", "client", "upstream", "hubRuntime", "http"],
  },
  demo: { files: /^demo\//, mayImport: ["base", "config", "http", "gateway"] },
  // Reads rules as the data path does, and talks to a gateway as its clients do.
  compare: { files: /^compare\//, mayImport: ["base", "rules", "config", "aggregation"] },
  command: {
    files: /^(cli|command-line|reload-file|index)\.ts$/,
    mayImport: ["base", "config", "http", "gateway", "demo", "compare"],
  },
} as const satisfies Readonly<Record<string, { readonly files: RegExp; readonly mayImport: readonly string[] }>>;

type LayerName = keyof typeof layers;

function layerOf(gatewayPath: string): LayerName | undefined {
  const names = Object.keys(layers) as LayerName[];
  return names.find((name) => layers[name].files.test(gatewayPath));
}

/** Paths below the gateway's `src`, with their imports of other files there. */
const gatewayFiles = productFiles.flatMap(({ path, text, imports }) => {
  if (!path.startsWith("gateway/src/")) return [];
  const own = imports.filter(({ target }) => target.startsWith("gateway/src/")).map(({ target }) => target.slice(12));
  return [{ path: path.slice(12), text, imports, own }];
});

/** Who may use which library; `types` may name its types without using it. */
const libraries: Readonly<Record<string, { readonly files: RegExp; readonly types?: RegExp }>> = {
  "@signalr-edge/protocol": { files: /^gateway\// },
  "@signalr-edge/gateway": { files: /^(?!gateway|protocol)/ },
  msgpackr: { files: /^protocol\/src\/messagepack\/codec\.ts$/ },
  zod: { files: /^gateway\/src\/config\/(rule-schema|schema|schema-values)\.ts$/ },
  yaml: { files: /^gateway\/src\/config\/load\.ts$/ },
  pino: { files: /^gateway\/src\/observe\/log\.ts$/ },
  fastify: { files: /^gateway\/src\/http\// },
  undici: { files: /^gateway\/src\/(hub-runtime|upstream\/upstream-negotiate)\.ts$/ },
  ws: {
    files: /^gateway\/src\/(client\/websocket-transport\.ts|http\/websocket-endpoint\.ts|upstream\/dial\.ts|demo\/)/,
    types: /^gateway\/src\/(upstream\/|http\/connector\.ts|hub-runtime\.ts)/,
  },
  jose: { files: /^gateway\/src\/http\/(token-verifier|key-file|key-url)\.ts$/ },
  "@microsoft/signalr": { files: /^(client-shim\/|gateway\/src\/(demo|compare)\/)/ },
  "@microsoft/signalr-protocol-msgpack": { files: /^gateway\/src\/(demo|compare)\// },
};

function isAllowed(path: string, { target, isTypeOnly }: Import): boolean {
  const library = libraries[target];
  if (library === undefined) return false;
  return library.files.test(path) || (isTypeOnly && library.types?.test(path) === true);
}

describe("the layers of the gateway", () => {
  test("every source file belongs to one", () => {
    expect(gatewayFiles.map(({ path }) => path).filter((path) => layerOf(path) === undefined)).toEqual([]);
  });

  test("a file imports its own layer and those below, never one above or beside", () => {
    const violations = gatewayFiles.flatMap(({ path, own }) => {
      const layer = layerOf(path);
      if (layer === undefined) return [];
      const allowed: readonly (string | undefined)[] = [layer, ...layers[layer].mayImport];
      return own.filter((target) => !allowed.includes(layerOf(target))).map((target) => `${path} -> ${target}`);
    });
    expect(violations).toEqual([]);
  });

  test("clients and upstreams know of the aggregation no more than its ports and what the ports are made of", () => {
    const open = ["ports", "shared-frame", "membership", "partition-key"].map((name) => `aggregation/${name}.ts`);
    const violations = gatewayFiles
      .filter(({ path }) => layerOf(path) === "client" || layerOf(path) === "upstream")
      .flatMap(({ path, own }) => {
        const targets = own.filter((target) => target.startsWith("aggregation/") && !open.includes(target));
        return targets.map((target) => `${path} -> ${target}`);
      });
    expect(violations).toEqual([]);
  });

  test("the comparison knows no connections of the gateway, only how it decides, and the official clients", () => {
    const pure = ["aggregation/attribute-frame.ts", "aggregation/group-key.ts"];
    const violations = gatewayFiles
      .filter(({ path }) => layerOf(path) === "compare")
      .flatMap(({ path, own }) => {
        const targets = own.filter((target) => target.startsWith("aggregation/") && !pure.includes(target));
        return targets.map((target) => `${path} -> ${target}`);
      });
    expect(violations).toEqual([]);
  });

  test("no two files import each other, directly or around a corner, except for types", () => {
    const values = new Map(
      productFiles.map(({ path, imports }) => [
        path,
        imports.filter((one) => !one.isTypeOnly).map((one) => one.target),
      ]),
    );
    const cycles: string[] = [];
    const finished = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      if (trail.includes(path) || finished.has(path)) return;
      for (const target of values.get(path) ?? []) visit(target, [...trail, path]);
      finished.add(path);
    };
    for (const path of values.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe("the aggregation layer can be run in simulated time", () => {
  const aggregation = gatewayFiles.filter(({ path }) => layerOf(path) === "aggregation");

  test("it imports no Node module and no library but the protocol", () => {
    const outside = aggregation.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => !target.startsWith("gateway/") && target !== "@signalr-edge/protocol")
        .map((one) => `${path} -> ${one.target}`),
    );
    expect(outside).toEqual([]);
  });

  test("it waits for nothing, reads no clock of its own and draws no lots", () => {
    const impure =
      /\b(await|async|Promise|Date|performance|process|console|setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|Math\.random)\b/;
    const violations = aggregation.flatMap(({ path, text }) => {
      const word = impure.exec(withoutComments(text))?.[0];
      return word === undefined ? [] : [`${path}: ${word}`];
    });
    expect(violations).toEqual([]);
  });
});

describe("the packages", () => {
  test("the protocol package imports nothing but itself and the decoder, and no Node module", () => {
    const outside = productFiles
      .filter(({ path }) => path.startsWith("protocol/"))
      .flatMap(({ path, imports }) => imports.map(({ target }) => ({ path, target })))
      .filter(({ target }) => !target.startsWith("protocol/src/") && target !== "msgpackr");
    expect(outside).toEqual([]);
  });

  test("the shim runs in browsers: it imports no Node module and nothing of the gateway", () => {
    const violations = productFiles
      .filter(({ path }) => path.startsWith("client-shim/"))
      .flatMap(({ path, imports }) => imports.map(({ target }) => `${path} -> ${target}`))
      .filter((line) => !/ -> (client-shim\/src\/|@microsoft\/signalr$)/.test(line));
    expect(violations).toEqual([]);
  });

  test("a library is used where it belongs and nowhere else", () => {
    const violations = productFiles.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => !/^(node:|[a-z-]+\/src\/)/.test(target))
        .filter((one) => !isAllowed(path, one))
        .map(({ target }) => `${path} -> ${target}`),
    );
    expect(violations).toEqual([]);
  });

  test("no file reaches into another package past its index", () => {
    const violations = sourceFiles.flatMap(({ path, imports }) => {
      const own = path.slice(0, path.indexOf("/src/"));
      const foreign = imports.filter(({ target }) => /^[a-z-]+\/src\//.test(target) && !target.startsWith(`${own}/`));
      return foreign.map(({ target }) => `${path} -> ${target}`);
    });
    expect(violations).toEqual([]);
  });
});

/** Applications with hard-coded hub URLs configure the shim once, for the whole program. */
const settingsOfTheProgram = ["client-shim/src/configure-edge.ts"];

describe("the files", () => {
  test(`none has more than ${maxLines} lines`, () => {
    const long = sourceFiles.filter(({ text }) => text.split("\n").length - 1 > maxLines);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test("all names are kebab-case and say what the file is about", () => {
    const vague = /(^|-)(manager|handler|helper|helpers|util|utils|service|processor|data|info|impl|common|misc)(-|\.)/;
    const names = sourceFiles.map(({ path }) => posix.basename(path));
    expect(names.filter((name) => vague.test(name) || !/^[a-z0-9-]+(\.(test|testing))?\.ts$/.test(name))).toEqual([]);
  });

  test("there are no default exports and no barrels but the index of a package", () => {
    const violations = productFiles.filter(({ path, text }) => {
      const isBarrel = /^export (\*|\{[^}]*\}) from/m.test(text) && !/^[a-z-]+\/src\/index\.ts$/.test(path);
      return isBarrel || /^export default\b/m.test(text);
    });
    expect(violations.map(({ path }) => path)).toEqual([]);
  });

  test("there is no mutable state outside of objects, and no emitter between our own objects", () => {
    const violations = productFiles.filter(
      ({ path, text }) =>
        (/^(export )?(let|var)\b/m.test(text) && !settingsOfTheProgram.includes(path)) ||
        (!path.includes("/demo/") && /\bextends EventEmitter\b/.test(text)),
    );
    expect(violations.map(({ path }) => path)).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}
