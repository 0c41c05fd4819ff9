export { closeReasons } from "./close-reasons.ts";
export { checkFiles } from "./config/check-files.ts";
export { configForOrigin, type LoadResult, loadConfig } from "./config/load.ts";
export type { ReloadOutcome } from "./config/reload-plan.ts";
export type { Config } from "./config/schema.ts";
export { createGateway, type Gateway, type GatewayAddress, type GatewayOptions } from "./gateway.ts";
export { createLogger, type Logger, silentLogger } from "./observe/log.ts";
export { version } from "./version.ts";
