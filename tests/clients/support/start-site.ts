import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server on loopback with pages that load scripts. */
export interface Site {
  /** `http://127.0.0.1:PORT`: the origin of its pages. */
  readonly url: string;
  stop(): Promise<void>;
}

/** `pages` has the HTML of each path; more may come. */
export async function startSite(pages: ReadonlyMap<string, string>): Promise<Site> {
  const server = createServer((request, response) => {
    const html = pages.get(request.url ?? "");
    response.writeHead(html === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" });
    response.end(html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export interface PageScript {
  readonly file: string;
  /** Its `data-` attributes. */
  readonly data?: Readonly<Record<string, string>>;
}

/** A page with these scripts in it. */
export function pageOf(...scripts: readonly PageScript[]): string {
  const elements = scripts.map(({ file, data = {} }) => {
    const attributes = Object.entries(data).map(([name, value]) => ` data-${name}="${value}"`);
    // The end of a script element cannot be in one.
    return `<script${attributes.join("")}>${readFileSync(file, "utf8").replaceAll("</script", "<\\/script")}</script>`;
  });
  return `<!doctype html><title>hub client</title>${elements.join("\n")}`;
}
