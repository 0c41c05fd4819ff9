import { type ConfigError, formatPath } from "./config-error.ts";
import { readCertificateFile, readKeySetFile, readTlsFiles } from "./read-files.ts";
import type { Config } from "./schema.ts";

/**
 * What is wrong with the files that a valid config names, so that it is reported like an error of the config itself.
 * Reads them; a gateway reads them again when it is made.
 */
export function checkFiles(config: Config): readonly ConfigError[] {
  const errors: ConfigError[] = [];
  const check = (path: readonly (string | number)[], read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      errors.push({ path: formatPath(path), message: error instanceof Error ? error.message : String(error) });
    }
  };
  const { tls } = config.listen;
  if (tls !== undefined) check(["listen", "tls"], () => readTlsFiles(tls));
  for (const [index, { originCaFile, authentication }] of config.hubs.entries()) {
    if (originCaFile !== undefined) check(["hubs", index, "originCaFile"], () => readCertificateFile(originCaFile));
    if (typeof authentication !== "object") continue;
    const { jwksFile } = authentication.jwt;
    const path = ["hubs", index, "authentication", "jwt", "jwksFile"];
    if (jwksFile !== undefined) check(path, () => readKeySetFile(jwksFile));
  }
  return errors;
}
