import { parentPort } from "node:worker_threads";
import { DemoWorld } from "./demo-world.ts";
import type { NumberedAnswer, NumberedRequest, WorldAnswer, WorldRequest } from "./demo-world-thread.ts";

/** The other end of `DemoWorldThread`. An error ends the thread, which rejects what was asked. */
const world = new DemoWorld();

async function answer(request: WorldRequest): Promise<WorldAnswer> {
  switch (request.kind) {
    case "start-origin":
      return { kind: "origin-started", url: await world.startOrigin() };
    case "start":
      await world.start(request.baseUrl, request.clients);
      return { kind: "done" };
    case "report":
      return { kind: "report", report: world.report() };
    case "finish":
      return { kind: "report", report: await world.finish() };
    case "disconnect":
      await world.disconnect();
      return { kind: "done" };
    case "stop-origin":
      await world.stopOrigin();
      return { kind: "done" };
  }
}

parentPort?.on("message", async ({ number, request }: NumberedRequest) => {
  parentPort?.postMessage({ number, answer: await answer(request) } satisfies NumberedAnswer);
});
