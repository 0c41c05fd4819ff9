import { readFileSync } from "node:fs";
import type { HubConnection } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createSelfSigned, TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { type ConfiguredGateway, startConfigured } from "../e2e/support/configured-gateway.ts";
import { MessageLog } from "../support/message-log.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { startRealClient } from "../support/real-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { complaintsOf, FrontProxy, isInstalled } from "./front-proxy.ts";

const nginxFile = readFileSync(new URL("../../deploy/nginx/signalr-edge.conf", import.meta.url), "utf8");
const haproxyFile = readFileSync(new URL("../../deploy/haproxy/haproxy.cfg", import.meta.url), "utf8");

/** The file that is shipped, with this machine's addresses in it. Everything that is replaced must be there. */
function adapted(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`the example has no ${from}`);
    return result.replaceAll(from, to);
  }, text);
}

/** What the distribution's nginx.conf does around the file. */
function nginxMain(folder: string, text: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder};`);
  return `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1; events { worker_connections 256; }
http { ${temporary.join(" ")} access_log off; ${text} }`;
}

const proxies = {
  nginx: {
    isThere: isInstalled("nginx"),
    start: (gateway: ConfiguredGateway) =>
      FrontProxy.start(
        "nginx",
        (file, folder) => ["-p", folder, "-c", file],
        (port, folder) =>
          nginxMain(
            folder,
            adapted(nginxFile, {
              "server 127.0.0.1:8080;": `server ${new URL(gateway.url).host};`,
              "listen 443 ssl;": `listen 127.0.0.1:${port};`,
              "ssl_certificate     /etc/nginx/tls/edge.pem;": "",
              "ssl_certificate_key /etc/nginx/tls/edge.key;": "",
              "/var/log/nginx/signalr-edge.log": `${folder}/access.log`,
            }),
          ),
      ),
  },
  haproxy: {
    isThere: isInstalled("haproxy"),
    start: (gateway: ConfiguredGateway) =>
      FrontProxy.start(
        "haproxy",
        (file) => ["-db", "-f", file],
        (port) =>
          adapted(haproxyFile, {
            "maxconn 100000": "maxconn 1000",
            "bind :443 ssl crt /etc/haproxy/tls/edge.pem": `bind 127.0.0.1:${port}`,
            "server edge-1 127.0.0.1:8080 check port 9090": `server edge-1 ${new URL(gateway.url).host} check port ${new URL(gateway.adminUrl).port}`,
          }),
      ),
  },
};

for (const [name, { isThere, start }] of Object.entries(proxies)) {
  describe.skipIf(!aspNetOriginAvailable || !isThere)(
    `deploy/${name} in front of the gateway`,
    { timeout: 60_000 },
    () => {
      let origin: Origin;
      let gateway: ConfiguredGateway;
      let proxy: FrontProxy;

      beforeAll(async () => {
        origin = await startAspNetOrigin();
        const contract = origin.hubUrl(hubPaths.contract);
        gateway = await startConfigured({
          trustedProxies: ["127.0.0.1"],
          hubs: [
            { path: "/hubs/odds", origin: contract, groups: contractGroups },
            { path: "/hubs/transparent", origin: contract },
          ],
        });
        proxy = await start(gateway);
      });
      afterAll(async () => {
        await proxy?.stop();
        await gateway.gateway.stop();
        await origin.stop();
      });

      async function startClient(options: Partial<Parameters<typeof startRealClient>[0]>): Promise<HubConnection> {
        const client = await startRealClient({ url: `${proxy.url}/hubs/odds`, ...options });
        onTestFinished(() => client.stop());
        return client;
      }

      for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"] as const) {
        for (const protocol of ["json", "messagepack"] as const) {
          if (transport === "ServerSentEvents" && protocol === "messagepack") continue;
          test(`updates arrive one by one over ${transport} with ${protocol}`, async () => {
            const client = await startClient({ transport, protocol });
            const log = new MessageLog(client, "OddsChanged");
            const eventId = 1 + ["WebSockets", "ServerSentEvents", "LongPolling"].indexOf(transport) * 2;
            await client.invoke("Subscribe", eventId);
            for (const count of [1, 2, 3]) {
              // Each is awaited before the next is sent: a proxy that collects would show.
              await origin.control.publish({ eventId, count: 1 });
              await log.waitForCount(count);
            }
          });
        }
      }

      test("what the client says of its own address does not reach the hub", async () => {
        const client = await startClient({
          url: `${proxy.url}/hubs/transparent`,
          headers: { "x-forwarded-for": "6.6.6.6" },
        });
        expect(await client.invoke("HeaderValue", "X-Forwarded-For")).toBe("127.0.0.1");
      });
    },
  );
}

describe("the example files", () => {
  const files = new TestFiles();
  afterAll(() => files.remove());

  test.skipIf(!proxies.nginx.isThere)("nginx accepts its own as it is, certificate included", () => {
    const { cert, key } = createSelfSigned();
    const log = files.write("access.log", "");
    const folder = log.slice(0, log.lastIndexOf("/"));
    const text = adapted(nginxFile, {
      "/etc/nginx/tls/edge.pem": files.write("edge.pem", cert),
      "/etc/nginx/tls/edge.key": files.write("edge.key", key),
      "/var/log/nginx/signalr-edge.log": log,
    });
    const file = files.write("nginx.conf", nginxMain(folder, text));
    expect(complaintsOf("nginx", ["-t", "-p", folder, "-c", file])).toBe("");
  });

  test.skipIf(!proxies.haproxy.isThere)("HAProxy accepts its own as it is, certificate included", () => {
    const { cert, key } = createSelfSigned();
    const pem = files.write("edge-haproxy.pem", cert + key);
    const file = files.write("haproxy.cfg", adapted(haproxyFile, { "/etc/haproxy/tls/edge.pem": pem }));
    expect(complaintsOf("haproxy", ["-c", "-q", "-f", file])).toBe("");
  });
});
