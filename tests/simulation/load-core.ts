import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";
import type { Core } from "./core.ts";

/** A change to the text of one source file, relative to `packages/gateway/src`. */
export interface SourceEdit {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

const repository = fileURLToPath(new URL("../..", import.meta.url));
const sources = `${repository}packages/gateway/src/`;

/**
 * The core as it would be with these edits: the same modules, loaded a second time through a source transform, so that
 * nothing in the gateway knows of it. Throws if an edit no longer fits the code.
 */
export async function loadCore(edits: readonly SourceEdit[]): Promise<Core> {
  const applied = new Set<SourceEdit>();
  const server = await createViteServer({
    configFile: false,
    root: repository,
    logLevel: "error",
    server: { middlewareMode: true, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
    resolve: { alias: { "@signalr-edge/protocol": `${repository}packages/protocol/src/index.ts` } },
    plugins: [
      {
        name: "source-edits",
        enforce: "pre",
        transform(code, id) {
          let edited = code;
          for (const edit of edits) {
            if (id !== sources + edit.file) continue;
            if (edited.split(edit.find).length !== 2) throw new Error(`${edit.file} does not have once: ${edit.find}`);
            edited = edited.replace(edit.find, () => edit.replace);
            applied.add(edit);
          }
          return edited;
        },
      },
    ],
  });
  try {
    const { core } = (await server.ssrLoadModule(fileURLToPath(new URL("core.ts", import.meta.url)))) as { core: Core };
    for (const edit of edits) if (!applied.has(edit)) throw new Error(`${edit.file} is not part of the core`);
    return core;
  } finally {
    await server.close();
  }
}
