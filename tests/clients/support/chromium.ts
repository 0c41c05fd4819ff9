import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const folders = (process.env.PATH ?? "").split(delimiter);
/** `undefined` on machines without it. */
export const chromiumPath = folders.map((folder) => join(folder, "chromium")).find((path) => existsSync(path));

/** Starts it with a profile of its own that is gone with it. It reaches nothing but this machine. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
}
