import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";

export interface DashboardFile {
  readonly contentType: string;
  readonly body: Buffer;
}

/** As installed: plain files, served as they are. */
const folder = new URL("../../dashboard/", import.meta.url);

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const page = "index.html";
const tokenMark = "{{token}}";

/**
 * By path on the admin listener: the page at `/`, what it loads below `/dashboard/`. They hold no data, so they need no
 * token; the page is told whether it has to ask its user for one.
 */
export function dashboardFiles(needsToken: boolean): ReadonlyMap<string, DashboardFile> {
  const files = new Map<string, DashboardFile>();
  for (const name of readdirSync(folder)) {
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined) continue;
    const body = readFileSync(new URL(name, folder));
    if (name !== page) files.set(`/dashboard/${name}`, { contentType, body });
    else {
      const text = body.toString().replace(tokenMark, needsToken ? "required" : "none");
      files.set("/", { contentType, body: Buffer.from(text) });
    }
  }
  return files;
}

/** The page loads nothing from elsewhere, runs no inline script, and is shown in no frame. */
export const dashboardHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-cache",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;
