import { setTimeout as delay } from "node:timers/promises";

/** How often: what one collection frees may be held by something that only the next one frees. */
const collections = 4;

/** Tells the parent process the URL, and on each message what memory is in use; ends with the parent. */
export function reportMemory(url) {
  process.on("disconnect", () => process.exit());
  process.on("message", async () => {
    // Sockets of the last clients are still busy with their own set-up.
    await delay(300);
    for (let count = 0; count < collections; count += 1) globalThis.gc();
    const { rss, heapUsed } = process.memoryUsage();
    process.send({ rss, heap: heapUsed });
  });
  process.send(url);
}
