import type { HubDefinition, HubFunction, HubMethod } from "./hub-definition.ts";

/** A hub method with everything known that decides how an invocation of it is dispatched. */
export interface CompiledMethod {
  readonly run: HubFunction;
  readonly argumentCount: number;
  readonly streams: boolean;
  readonly uploadStreamCount: number;
  readonly roles: readonly string[] | undefined;
}

export interface CompiledHub {
  readonly definition: HubDefinition;
  /** By lower-case name: the origin looks methods up case-insensitively (protocol.md 8.1). */
  readonly methods: ReadonlyMap<string, CompiledMethod>;
}

export function compileHub(definition: HubDefinition): CompiledHub {
  const methods = new Map<string, CompiledMethod>();
  for (const [name, method] of Object.entries(definition.methods)) {
    const key = name.toLowerCase();
    if (methods.has(key)) throw new Error(`hub method ${name} is defined twice`);
    methods.set(key, compileMethod(method));
  }
  return { definition, methods };
}

function compileMethod(method: HubMethod): CompiledMethod {
  const options = typeof method === "function" ? { run: method } : method;
  return {
    run: options.run,
    // The first parameter is the context.
    argumentCount: options.argumentCount ?? Math.max(0, options.run.length - 1),
    streams: options.stream ?? options.run instanceof asyncGeneratorFunction,
    uploadStreamCount: options.uploadStreamCount ?? 0,
    roles: options.roles,
  };
}

const asyncGeneratorFunction = Object.getPrototypeOf(async function* () {}).constructor;
