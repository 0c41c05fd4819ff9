// npm run fuzz -- --minutes 5 [--seed S] [--target NAME]
import { runMain, sources } from "../support/run-main.mjs";

await runMain(new URL("main.ts", import.meta.url), { ...sources.protocol, ...sources.gateway });
