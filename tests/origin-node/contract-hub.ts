import type {
  HubContext,
  HubDefinition,
  HubMethodOptions,
} from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { queryValue } from "../../packages/gateway/src/demo/server/hub-request.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import { contextMethods } from "./context-methods.ts";
import type { ContractMethod, ContractMethods } from "./contract-method.ts";
import { groupMethods } from "./group-methods.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveEvents } from "./live-events.ts";
import { streamMethods } from "./stream-methods.ts";
import { identify, identifyMember } from "./test-token.ts";
import { InvalidOperation, valueMethods } from "./value-methods.ts";

/** The hub of `tests/origin-aspnet` in TypeScript, for machines without .NET. `hub` is one of the contract's paths. */
export function createContractHub(hub: HubPath, ledger: Ledger, liveEvents: LiveEvents): HubDefinition {
  const methods: ContractMethods = {
    ...valueMethods,
    ...contextMethods,
    ...groupMethods(hub, ledger, liveEvents),
    ...streamMethods(hub, ledger),
  };
  const recorded = Object.entries(methods).map(([name, method]) => [name, recordedMethod(hub, ledger, name, method)]);
  return {
    methods: Object.fromEntries(recorded),
    authenticate: hub === hubPaths.auth ? identifyMember : identify,
    detailedErrors: hub === hubPaths.detailed,
    onConnected: (context) => greet(hub, ledger, context),
    onDisconnected: (context, error) => ledger.disconnected(hub, context, error),
  };
}

/** Query `failConnect=1` refuses the connection, `greet=1` greets it before anything else is sent. */
function greet(hub: string, ledger: Ledger, context: HubContext): void {
  const { query } = context.request;
  if (queryValue(query, "failConnect") === "1") {
    ledger.record("refused", hub, context);
    throw new InvalidOperation("This connection was asked to fail.");
  }
  ledger.connected(hub, context);
  if (queryValue(query, "greet") === "1") context.clients.caller.send("Greeting", context.connectionId);
}

/** Records start and end of each call. Calls that never reach the method (unknown, unbindable, refused) are not seen. */
function recordedMethod(hub: string, ledger: Ledger, name: string, method: ContractMethod): HubMethodOptions {
  const returned = (context: HubContext, error?: unknown): void => {
    ledger.record("returned", hub, context, name, error instanceof Error ? error.message : undefined);
  };
  const run = (context: HubContext, ...args: readonly unknown[]): unknown => {
    const call = method.bind(context, args);
    ledger.invoked(hub, context, name);
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      returned(context, error);
      throw error;
    }
    if (!(result instanceof Promise)) {
      returned(context);
      return result;
    }
    result.then(
      () => returned(context),
      (error) => returned(context, error),
    );
    return result;
  };
  return { ...method.traits, argumentCount: method.argumentCount, run };
}
