import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { compileFunction } from "node:vm";

/**
 * Loads a CommonJS package whose code sees `globals` as if they were global, without anybody else seeing them.
 * `modules` stand in for packages that it requires; all others are the usual ones.
 *
 * @param entry path of the package's main file; the files below its folder are part of the package
 */
export function requireWithGlobals(
  entry: string,
  globals: Readonly<Record<string, unknown>>,
  modules: Readonly<Record<string, unknown>> = {},
): unknown {
  const folder = `${dirname(entry)}${sep}`;
  const loaded = new Map<string, { exports: unknown }>();

  function load(file: string): unknown {
    const known = loaded.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(file, module);
    const usualRequire = createRequire(file);
    const requireFromFile = (name: string): unknown => {
      if (name in modules) return modules[name];
      const path = usualRequire.resolve(name);
      return path.startsWith(folder) ? load(path) : usualRequire(name);
    };
    const parameters = ["module", "exports", "require", ...Object.keys(globals)];
    const run = compileFunction(readFileSync(file, "utf8"), parameters, { filename: file });
    run(module, module.exports, requireFromFile, ...Object.values(globals));
    return module.exports;
  }

  return load(entry);
}
