// npm run churn -- [churn|storm|recovery] --seconds 60 --kills 5 --seed S
// The gateway is the built one, in a process of its own.
import { runMain, sources } from "../support/run-main.mjs";

await runMain(new URL("main.ts", import.meta.url), sources.protocol);
