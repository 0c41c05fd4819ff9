import type { HubProtocolName } from "@signalr-edge/protocol";
import { hubProtocols } from "@signalr-edge/protocol";
import type { HubContext, HubMethodOptions, RawValue } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import {
  ArgumentMismatch,
  integerArgument,
  stringArgument,
} from "../../packages/gateway/src/demo/server/hub-definition.ts";

/** One argument of an invocation, decoded and as it came. */
export interface Argument {
  readonly value: unknown;
  readonly raw: RawValue;
  readonly protocol: HubProtocolName;
}

/** Converts an argument to a parameter. Throws `ArgumentMismatch`. */
export type Parameter<T> = (argument: Argument) => T;

export type MethodTraits = Omit<HubMethodOptions, "run" | "argumentCount">;

/** A hub method whose arguments are bound before it counts as invoked, as in .NET. */
export interface ContractMethod {
  readonly traits: MethodTraits;
  readonly argumentCount: number;
  /** Binds the arguments and returns the call that is left to make. */
  readonly bind: (context: HubContext, args: readonly unknown[]) => () => unknown;
}

export type ContractMethods = Readonly<Record<string, ContractMethod>>;

export function contractMethod<Args extends readonly unknown[]>(
  parameters: readonly [...{ [Index in keyof Args]: Parameter<Args[Index]> }],
  run: (context: HubContext, ...args: Args) => unknown,
  traits: MethodTraits = {},
): ContractMethod {
  return {
    traits,
    argumentCount: parameters.length,
    bind: (context, args) => {
      const bound = parameters.map((parameter: Parameter<unknown>, index) => {
        const raw = context.rawArguments[index];
        if (raw === undefined) throw new ArgumentMismatch();
        return parameter({ value: args[index], raw, protocol: context.protocol });
      });
      // What the mapped tuple type says of the parameters, `map` cannot know.
      return () => run(context, ...(bound as unknown as Args));
    },
  };
}

export const text: Parameter<string> = ({ value }) => stringArgument(value);

export const int: Parameter<number> = ({ value }) => integerArgument(value);

/** Any value, as the bytes that came. */
export const raw: Parameter<RawValue> = (argument) => argument.raw;

/** A 64-bit integer, exact. */
export const long: Parameter<bigint> = (argument) => {
  const bytes = bytesOf(argument);
  const scalar = hubProtocols[argument.protocol].readScalar(bytes, { start: 0, end: bytes.length }, []);
  if (scalar?.kind !== "integer") throw new ArgumentMismatch();
  return BigInt(scalar.text);
};

export const longs: Parameter<readonly bigint[]> = (argument) => {
  const bytes = bytesOf(argument);
  const scalars = hubProtocols[argument.protocol].readScalars(bytes, { start: 0, end: bytes.length }, []);
  if (scalars === undefined || scalars.some(({ kind }) => kind !== "integer")) throw new ArgumentMismatch();
  return scalars.map((scalar) => BigInt(scalar.text));
};

function bytesOf({ raw: value, protocol }: Argument): Buffer {
  const bytes = value.bytes[protocol];
  if (bytes === undefined) throw new ArgumentMismatch();
  return Buffer.from(bytes);
}
