import { request } from "undici";
import type {
  JournalEntry,
  JournalQuery,
  OriginControl,
  OriginState,
  Publication,
  Published,
  RawPublication,
} from "./origin-control.ts";

type QueryValue = string | number | bigint | undefined;

/** The control of an origin that serves `/control` over HTTP at `url`. */
export function httpOriginControl(url: string): OriginControl {
  return {
    publish: (publication: Publication) => post<Published>("publish", { ...publication }),
    publishKinds: (publication) => post<Published>("publish-kinds", { ...publication }),
    publishPersonal: async (publication) => {
      await call("POST", "publish-personal", { ...publication });
    },
    publishRaw: async ({ arguments: body, ...query }: RawPublication) => {
      await call("POST", "publish-raw", query, body);
    },
    broadcast: (broadcast = {}) => post<Published>("broadcast", { ...broadcast }),
    closeEvent: async (event) => {
      await call("POST", "close-event", { ...event });
    },
    state: () => get<OriginState>("state", {}),
    waitFor: (query: JournalQuery, options = {}) => get<JournalEntry>("wait", { ...query, ...options }),
    reset: async () => {
      await call("POST", "reset", {});
    },
    abortConnections: (hub) => post<number>("abort-connections", { hub }),
    closeGracefully: async (hub) => {
      await call("POST", "close-gracefully", { hub });
    },
  };

  async function get<T>(path: string, query: Record<string, QueryValue>): Promise<T> {
    return JSON.parse(await call("GET", path, query)) as T;
  }

  async function post<T>(path: string, query: Record<string, QueryValue>): Promise<T> {
    return JSON.parse(await call("POST", path, query)) as T;
  }

  async function call(
    method: "GET" | "POST",
    path: string,
    query: Readonly<Record<string, QueryValue>>,
    body?: string | Uint8Array,
  ): Promise<string> {
    const target = new URL(`/control/${path}`, url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const contentType = typeof body === "string" ? "application/json" : "application/x-msgpack";
    const response = await request(target, {
      method,
      ...(body === undefined ? {} : { body, headers: { "content-type": contentType } }),
      // A paced publication answers when it is done.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) {
      throw new Error(`${method} ${target.pathname}${target.search} answered ${response.statusCode}: ${text}`);
    }
    return text;
  }
}
