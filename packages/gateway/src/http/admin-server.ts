import { createHash, timingSafeEqual } from "node:crypto";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import type { ReloadOutcome } from "../config/reload-plan.ts";
import type { Dashboard } from "../observe/dashboard.ts";
import type { Metrics } from "../observe/metrics.ts";
import { exposition } from "../observe/prometheus.ts";
import type { GatewayState } from "../observe/state.ts";
import { dashboardFiles, dashboardHeaders } from "./dashboard-files.ts";
import { EventFeed } from "./event-feed.ts";
import { listeningUrl } from "./listening-url.ts";

export interface AdminServerParts {
  readonly metrics: Metrics;
  readonly state: () => GatewayState;
  readonly dashboard: Dashboard;
  /** Why the gateway should get no new clients; `undefined` if it may. */
  readonly notReady: () => string | undefined;
  /** Bearer token that everything with data asks for: `/metrics` and what is below `/api/`. */
  readonly token: string | undefined;
  /** Reads the configuration again; `undefined` if it did not come from a file. */
  readonly onReloadAsked: (() => Promise<ReloadOutcome>) | undefined;
}

const maxSearchLength = 200;

/** The listener for operators: health, metrics, state, dashboard, reload. A GET changes nothing. */
export class AdminServer {
  readonly #parts: AdminServerParts;
  readonly #app: FastifyInstance;
  readonly #feed = new EventFeed();

  constructor(parts: AdminServerParts) {
    this.#parts = parts;
    this.#app = fastify({ forceCloseConnections: true });
    this.#guard(parts.token);
    this.#addHealth();
    this.#addFigures();
    this.#addDashboard();
    this.#addReload();
  }

  async listen(host: string, port: number): Promise<string> {
    await this.#app.listen({ host, port });
    return listeningUrl(this.#app.server);
  }

  /** Called about once a second, when there is something new for dashboards. */
  publish(): void {
    if (this.#feed.readerCount === 0) return;
    const tick = this.#parts.dashboard.tick();
    if (tick !== undefined) this.#feed.send("tick", tick);
  }

  async close(): Promise<void> {
    this.#feed.close();
    await this.#app.close();
  }

  /** By the route, not by the URL: whatever the spelling of a URL, it is the route that answers. */
  #guard(token: string | undefined): void {
    if (token === undefined) return;
    this.#app.addHook("onRequest", async (request, reply) => {
      if (request.routeOptions.config.isOpen === true || isSameToken(request.headers.authorization, token)) return;
      await reply.code(401).header("www-authenticate", "Bearer").type("text/plain").send("A bearer token is required.");
    });
  }

  #addHealth(): void {
    const open = { config: { isOpen: true } };
    this.#app.get("/healthz", open, async (_request, reply) => reply.type("text/plain").send("ok\n"));
    this.#app.get("/readyz", open, async (_request, reply) => {
      const reason = this.#parts.notReady();
      return reply
        .code(reason === undefined ? 200 : 503)
        .type("text/plain")
        .send(`${reason ?? "ready"}\n`);
    });
  }

  #addFigures(): void {
    const { metrics, state, dashboard } = this.#parts;
    this.#app.get("/metrics", async (_request, reply) =>
      reply.header("content-type", "text/plain; version=0.0.4; charset=utf-8").send(exposition(metrics)),
    );
    this.#app.get("/api/state", async () => state());
    this.#app.get("/api/groups", async ({ query }) => dashboard.findGroups(searchOf(query)));
    // A HEAD would be a reader that gets nothing and never ends.
    this.#app.get("/api/events", { exposeHeadRoute: false }, (_request, reply) => this.#openFeed(reply));
  }

  #addDashboard(): void {
    for (const [path, { contentType, body }] of dashboardFiles(this.#parts.token !== undefined)) {
      this.#app.get(path, { config: { isOpen: true } }, async (_request, reply) =>
        reply.headers(dashboardHeaders).type(contentType).send(body),
      );
    }
  }

  #addReload(): void {
    const { onReloadAsked } = this.#parts;
    this.#app.post("/api/reload", async ({ headers }, reply) => {
      // A web page that somebody at the gateway's machine looks at must not reach it.
      if (headers.origin !== undefined) return reply.code(403).send({ error: "Not for web pages." });
      if (onReloadAsked === undefined) return reply.code(404).send({ error: "There is no file to reload." });
      const outcome = await onReloadAsked();
      return reply.code(outcome.kind === "refused" ? 422 : 200).send(outcome);
    });
  }

  #openFeed(reply: FastifyReply): void {
    if (this.#feed.isFull) {
      void reply.code(503).type("text/plain").send("Too many dashboards are open.");
      return;
    }
    reply.hijack();
    this.#feed.open(reply.raw, "hello", this.#parts.dashboard.hello());
    this.publish();
  }
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered without the token. */
    isOpen?: boolean;
  }
}

function searchOf(query: unknown): string {
  const search = new Map(Object.entries(query as object)).get("search");
  return typeof search === "string" ? search.slice(0, maxSearchLength) : "";
}

/** Digests are compared, so that neither content nor length of the token shows in the time it takes. */
function isSameToken(authorization: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`));
}
