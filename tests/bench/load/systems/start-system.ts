import { assertNever } from "../assert-never.ts";
import { type BenchOrigin, hubPath, startBenchOrigin } from "./bench-origin.ts";
import { startBareServer, startCFloor, startFloor } from "./controls.ts";
import { startGateway, startNginx, startYarp } from "./proxies.ts";
import type { Surroundings, System, SystemName, SystemOptions } from "./system.ts";

/** Starts a fresh system; its processes belong to `surroundings.roles`. */
export async function startSystem(
  name: SystemName,
  surroundings: Surroundings,
  { metersOrigin = false, cachesJoins = false }: SystemOptions = {},
): Promise<System> {
  const origin = (cores: string | undefined): Promise<BenchOrigin> =>
    startBenchOrigin(surroundings, cores, metersOrigin);
  switch (name) {
    case "direct":
      return direct(await origin(surroundings.subjectCores));
    case "yarp":
      return startYarp(surroundings, await origin(surroundings.otherCores));
    case "nginx":
      return startNginx(surroundings, await origin(surroundings.otherCores));
    case "gateway":
      return startGateway(surroundings, await origin(surroundings.otherCores), cachesJoins);
    case "floor":
      return startFloor(surroundings);
    case "c":
      return startCFloor(surroundings);
    case "bare":
      return startBareServer(surroundings);
    default:
      return assertNever(name);
  }
}

function direct(origin: BenchOrigin): System {
  return {
    name: "direct",
    url: `${origin.url}${hubPath}`,
    subject: origin.process,
    origin: undefined,
    negotiates: true,
    publish: (publication) => origin.publish(publication),
    originState: () => origin.state(),
    collectGarbage: () => origin.collectGarbage(),
  };
}
