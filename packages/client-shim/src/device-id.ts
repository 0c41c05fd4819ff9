const storageKey = "signalr-edge.device-id";

/** Of this process or page, for where nothing can be stored. */
const transientId = randomId();

/**
 * The id that decides about the roll-out: the one that the application gave, else the one that this browser keeps in
 * `localStorage` (made on first use), else one that is made anew for each process.
 */
export function deviceIdOf(given: string | undefined): string {
  return given ?? storedId() ?? transientId;
}

function storedId(): string | undefined {
  // Node has a `localStorage` of its own, which is not per device and warns when it is touched.
  if (typeof window !== "object") return undefined;
  try {
    const stored = window.localStorage.getItem(storageKey);
    if (stored !== null) return stored;
    window.localStorage.setItem(storageKey, transientId);
    return transientId;
  } catch {
    // Blocked by the browser's settings or a sandbox, or full. React Native has none.
    return undefined;
  }
}

/** No secret, so it need not come from `crypto`, which pages without TLS lack in part. */
function randomId(): string {
  return Array.from({ length: 4 }, () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
}
