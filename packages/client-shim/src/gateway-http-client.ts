import { HttpClient, type HttpRequest, type HttpResponse } from "@microsoft/signalr";
import type { GatewayWatch, WatchedGateway } from "./gateway-watch.ts";

/** Passes every request on, and reads what the gateway makes of negotiate requests. */
export class GatewayHttpClient extends HttpClient {
  readonly #inner: HttpClient;
  readonly #gateway: WatchedGateway;

  constructor(inner: HttpClient, gateway: WatchedGateway) {
    super();
    this.#inner = inner;
    this.#gateway = gateway;
  }

  override send(request: HttpRequest): Promise<HttpResponse> {
    return isNegotiate(request, this.#gateway.url()) ? this.#negotiate(request) : this.#inner.send(request);
  }

  override getCookieString(url: string): string {
    return this.#inner.getCookieString(url);
  }

  async #negotiate(request: HttpRequest): Promise<HttpResponse> {
    const { watch, answerTimeoutMs } = this.#gateway;
    // The official client negotiates again for its next transport. After a timeout that would only take longer.
    if (watch.silence !== undefined) throw new Error(watch.silence);
    const timeout = Math.min(request.timeout ?? answerTimeoutMs, answerTimeoutMs);
    try {
      const response = await this.#inner.send({ ...request, timeout });
      judge(response, watch);
      return response;
    } catch (error) {
      judgeFailure(error, watch);
      throw error;
    }
  }
}

function isNegotiate({ method, url }: HttpRequest, gatewayUrl: string): boolean {
  if (method !== "POST" || url === undefined) return false;
  const [request, gateway] = [new URL(url), new URL(gatewayUrl)];
  return request.origin === gateway.origin && request.pathname === `${gateway.pathname.replace(/\/$/, "")}/negotiate`;
}

function judge({ statusCode, content }: HttpResponse, watch: GatewayWatch): void {
  if (statusCode !== 200) return judgeStatus(statusCode, watch);
  const answer = typeof content === "string" ? parseObject(content) : undefined;
  // A login page of a network, a parked domain: something answers, but no gateway.
  if (answer === undefined) watch.silent("negotiate was answered with something else than JSON");
  else if ("error" in answer) watch.refused();
  else watch.accepted();
}

function judgeFailure(error: unknown, watch: GatewayWatch): void {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  // XMLHttpRequest reports status 0 if there was no answer.
  if (typeof status === "number" && status !== 0) judgeStatus(status, watch);
  else watch.silent(`negotiate failed: ${error}`);
}

function judgeStatus(status: number, watch: GatewayWatch): void {
  if (status >= 500) watch.silent(`negotiate was answered with status ${status}`);
  else watch.refused();
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
