/** Most redirects in a row; stock clients follow 100, but they have nothing to protect. */
const maxRedirects = 5;

export type RedirectVerdict =
  | { readonly kind: "followed" }
  | { readonly kind: "refused"; readonly host: string; readonly reason: string };

/**
 * Whether a redirect of negotiate may be followed, by the gateway or by a client that is shown it: to hosts that the operator named, never from https to http, never in a
 * circle. The gateway stands where clients do not, so an origin must not be able to send it anywhere (reliability.md A3).
 * `visited` has every URL asked so far, the origin's first.
 */
export function judgeRedirect(
  target: string,
  visited: readonly string[],
  redirectHosts: readonly string[] | undefined,
): RedirectVerdict {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined) return refused("", "it redirects to something that is no URL");
  const { host, protocol } = url;
  const previous = new URL(visited.at(-1) ?? target);
  if (protocol !== "https:" && (protocol !== "http:" || previous.protocol === "https:")) {
    return refused(host, `it redirects to ${host || "nowhere"} by ${protocol}, which is not followed`);
  }
  if (url.username !== "" || url.password !== "") return refused(host, `it redirects to ${host} with a password in it`);
  const withPort = `${url.hostname}:${url.port || (protocol === "https:" ? "443" : "80")}`;
  if (redirectHosts?.includes(host) !== true && redirectHosts?.includes(withPort) !== true) {
    return refused(host, `it redirects to ${host}, which is not in redirectHosts`);
  }
  if (visited.some((other) => new URL(other).href === url.href))
    return refused(host, `it redirects in a circle, to ${host} again`);
  if (visited.length > maxRedirects) {
    return refused(host, `it redirects more than ${maxRedirects} times, at last to ${host}`);
  }
  return { kind: "followed" };
}

function refused(host: string, reason: string): RedirectVerdict {
  return { kind: "refused", host, reason };
}
