import { createHash, timingSafeEqual } from "node:crypto";
import { type FastifyInstance, fastify } from "fastify";
import type { ReloadOutcome } from "../config/reload-plan.ts";
import type { Metrics } from "../observe/metrics.ts";
import { exposition } from "../observe/prometheus.ts";
import type { GatewayState } from "../observe/state.ts";
import { listeningUrl } from "./listening-url.ts";

export interface AdminServerParts {
  readonly metrics: Metrics;
  readonly state: () => GatewayState;
  /** Why the gateway should get no new clients; `undefined` if it may. */
  readonly notReady: () => string | undefined;
  /** Bearer token that every endpoint but `/healthz` and `/readyz` asks for. */
  readonly token: string | undefined;
  /** Reads the configuration again; `undefined` if it did not come from a file. */
  readonly onReloadAsked: (() => Promise<ReloadOutcome>) | undefined;
}

/** The listener for operators: health, metrics, state, reload. A GET changes nothing. */
export class AdminServer {
  readonly #app: FastifyInstance;

  constructor({ metrics, state, notReady, token, onReloadAsked }: AdminServerParts) {
    this.#app = fastify({ forceCloseConnections: true });
    this.#app.addHook("onRequest", async (request, reply) => {
      if (token === undefined || request.url === "/healthz" || request.url === "/readyz") return;
      if (isSameToken(request.headers.authorization, token)) return;
      await reply.code(401).header("www-authenticate", "Bearer").type("text/plain").send("A bearer token is required.");
    });
    this.#app.get("/healthz", async (_request, reply) => reply.type("text/plain").send("ok\n"));
    this.#app.get("/readyz", async (_request, reply) => {
      const reason = notReady();
      return reply
        .code(reason === undefined ? 200 : 503)
        .type("text/plain")
        .send(`${reason ?? "ready"}\n`);
    });
    this.#app.get("/metrics", async (_request, reply) =>
      reply.header("content-type", "text/plain; version=0.0.4; charset=utf-8").send(exposition(metrics)),
    );
    this.#app.get("/api/state", async () => state());
    this.#app.post("/api/reload", async ({ headers }, reply) => {
      // A web page that somebody at the gateway's machine looks at must not reach it.
      if (headers.origin !== undefined) return reply.code(403).send({ error: "Not for web pages." });
      if (onReloadAsked === undefined) return reply.code(404).send({ error: "There is no file to reload." });
      const outcome = await onReloadAsked();
      return reply.code(outcome.kind === "refused" ? 422 : 200).send(outcome);
    });
  }

  async listen(host: string, port: number): Promise<string> {
    await this.#app.listen({ host, port });
    return listeningUrl(this.#app.server);
  }

  async close(): Promise<void> {
    await this.#app.close();
  }
}

/** Digests are compared, so that neither content nor length of the token shows in the time it takes. */
function isSameToken(authorization: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`));
}
