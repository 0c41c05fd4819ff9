import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type RoleProcess, readLine } from "../role-processes.ts";
import { type BenchOrigin, hubPath } from "./bench-origin.ts";
import { collectableNode, collectNodeGarbage } from "./collectable-node.ts";
import { dotnetAssemblies } from "./dotnet-projects.ts";
import type { Surroundings, System, SystemName } from "./system.ts";

const gatewayCommand = fileURLToPath(new URL("../../../../../packages/gateway/dist/cli.js", import.meta.url));
const timeToListenMs = 5000;

/** The gateway as a user runs it, with the one rule of the bench's hub. */
export async function startGateway(
  surroundings: Surroundings,
  origin: BenchOrigin,
  cachesJoins: boolean,
): Promise<System> {
  const { roles, folder, subjectCores } = surroundings;
  const config = join(folder, "gateway.json");
  writeFileSync(config, JSON.stringify(gatewayConfig(origin.url, cachesJoins)));
  const args = [...collectableNode, gatewayCommand, "run", "--config", config];
  const subject = roles.start({ name: "gateway", command: process.execPath, args, cores: subjectCores });
  const url = await readLine(subject, /^listening on (\S+)$/);
  return behind("gateway", url, subject, origin, () => collectNodeGarbage(subject));
}

function gatewayConfig(originUrl: string, cachesJoins: boolean): object {
  const group = {
    name: "tick",
    access: "public",
    join: { method: "Join", key: "{0[]}" },
    leave: { method: "Leave", key: "{0[]}" },
    messages: [{ target: "Tick", key: "{0.key}" }],
    ...(cachesJoins ? { joinResult: "cached", cacheMs: 60_000 } : {}),
  };
  return {
    listen: { port: 0 },
    admin: { port: 0 },
    log: { level: "error" },
    hubs: [{ path: hubPath, origin: `${originUrl}${hubPath}`, groups: [group] }],
    limits: { maxConnections: 20_000 },
  };
}

export async function startYarp({ roles, subjectCores }: Surroundings, origin: BenchOrigin): Promise<System> {
  const args = [dotnetAssemblies.yarp, "--urls", "http://127.0.0.1:0", "--destination", origin.url];
  const subject = roles.start({ name: "yarp", command: "dotnet", args, cores: subjectCores });
  return behind("yarp", await readLine(subject, /^listening on (\S+)$/), subject, origin, nothingToCollect);
}

export async function startNginx({ roles, folder, subjectCores }: Surroundings, origin: BenchOrigin): Promise<System> {
  const port = await freePort();
  const prefix = join(folder, "nginx");
  mkdirSync(prefix, { recursive: true });
  const config = join(prefix, "nginx.conf");
  writeFileSync(config, nginxConfig(port, new URL(origin.url).host, prefix));
  const args = ["-e", "stderr", "-p", prefix, "-c", config];
  const subject = roles.start({ name: "nginx", command: "nginx", args, cores: subjectCores });
  await untilListening(port);
  return behind("nginx", `http://127.0.0.1:${port}`, subject, origin, nothingToCollect);
}

/** Returns why it cannot be had, in one line. */
export async function missingNginx(): Promise<string | undefined> {
  try {
    await promisify(execFile)("nginx", ["-v"]);
    return undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "nginx is not on the PATH";
    throw error;
  }
}

/** One process, as there is one core for it, and what the ASP.NET Core documentation says about SignalR behind nginx. */
function nginxConfig(port: number, origin: string, prefix: string): string {
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${prefix}/${name};`,
  );
  return `daemon off;
master_process off;
pid ${prefix}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
${folders.join("\n")}
  access_log off;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://${origin};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $host;
      proxy_buffering off;
      proxy_read_timeout 100s;
    }
  }
}
`;
}

function behind(
  name: SystemName,
  url: string,
  subject: RoleProcess,
  origin: BenchOrigin,
  collectGarbage: () => Promise<void>,
): System {
  return {
    name,
    url: `${url}${hubPath}`,
    subject,
    origin: origin.process,
    negotiates: true,
    publish: (publication) => origin.publish(publication),
    originState: () => origin.state(),
    collectGarbage,
  };
}

async function nothingToCollect(): Promise<void> {
  // There is no door to its collector, or none at all.
}

/** nginx cannot choose one and say which. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("there is no free port"));
      });
    });
  });
}

async function untilListening(port: number): Promise<void> {
  const startedAt = performance.now();
  while (!(await accepts(port))) {
    if (performance.now() - startedAt > timeToListenMs) throw new Error(`nothing listens on port ${port}`);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // A refusal comes at once; the pause keeps the loop of the caller from burning the core.
    socket.on("error", () => setTimeout(() => resolve(false), 20));
  });
}
