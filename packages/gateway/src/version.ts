import { createRequire } from "node:module";

/** Of this package, as in its package.json. */
export const version: string = createRequire(import.meta.url)("../package.json").version;
