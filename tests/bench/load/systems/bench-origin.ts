import type { Publication, Published } from "../publication.ts";
import { type RoleProcess, readLine } from "../role-processes.ts";
import { dotnetAssemblies } from "./dotnet-projects.ts";
import type { OriginState, Surroundings } from "./system.ts";

export interface BenchOrigin {
  readonly process: RoleProcess;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  publish(publication: Publication): Promise<Published>;
  state(): Promise<OriginState>;
  collectGarbage(): Promise<void>;
}

export const hubPath = "/hubs/bench";

export async function startBenchOrigin(
  { roles }: Surroundings,
  cores: string | undefined,
  meters: boolean,
): Promise<BenchOrigin> {
  const args = [dotnetAssemblies.origin, "--urls", "http://127.0.0.1:0", "--meter", String(meters)];
  const process = roles.start({ name: "origin", command: "dotnet", args, cores });
  const url = await readLine(process, /^listening on (\S+)$/);
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}/control/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...content,
    });
    if (!response.ok) throw new Error(`the origin answered ${path} with ${response.status}`);
    const text = await response.text();
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    process,
    url,
    publish: async (publication) => (await ask("POST", "publish", publication)) as Published,
    state: async () => (await ask("GET", "state")) as OriginState,
    collectGarbage: async () => void (await ask("POST", "collect-garbage")),
  };
}
