// npm run conformance -- [--origin URL [--gateway URL]] [--full] [--json FILE] [--markdown FILE]
import { runMain } from "../support/run-main.mjs";

await runMain(new URL("main.ts", import.meta.url));
