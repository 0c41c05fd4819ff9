import type { HubRuntime } from "../hub-runtime.ts";
import { clipped } from "./lifecycle-log.ts";

export interface ShownGroup {
  readonly hub: string;
  readonly key: string;
  readonly members: number;
}

export interface LargestGroups {
  /** Over all hubs. */
  readonly groupCount: number;
  /** Groups whose key has the searched text in it, in any case. */
  readonly matchCount: number;
  /** The largest of those. */
  readonly groups: readonly ShownGroup[];
}

/** Looks at every group: time grows with their number. */
export function largestGroups(runtimes: readonly HubRuntime[], limit: number, search = ""): LargestGroups {
  const wanted = search.toLowerCase();
  let groupCount = 0;
  let matchCount = 0;
  const largest: ShownGroup[] = [];
  for (const { config, groupSizes } of runtimes) {
    groupCount += groupSizes.size;
    for (const [key, members] of groupSizes) {
      if (wanted !== "" && !key.toLowerCase().includes(wanted)) continue;
      matchCount += 1;
      // Never all of them: to sort a hundred thousand takes longer than a dashboard may hold up messages.
      if (largest.length === limit && members <= (largest.at(-1)?.members ?? 0)) continue;
      insert(largest, { hub: config.path, key: clipped(key), members });
      if (largest.length > limit) largest.pop();
    }
  }
  return { groupCount, matchCount, groups: largest };
}

/** Keeps the list in order, the largest first. */
function insert(list: ShownGroup[], group: ShownGroup): void {
  let at = list.length;
  while (at > 0 && (list[at - 1]?.members ?? 0) < group.members) at -= 1;
  list.splice(at, 0, group);
}
