import type { Envelope, Frame } from "@signalr-edge/protocol";

/** Views of the arguments of an invocation, each as it stands in the frame. */
export function rawArgumentsOf({ argumentRanges }: Envelope, frame: Frame): readonly Buffer[] {
  return argumentRanges.map(({ start, end }) => frame.subarray(start, end));
}

/** Identity of a name with exactly these argument bytes: lengths before the bytes, so that no two lists share it. */
export function argumentsIdentity(name: string, rawArguments: readonly Buffer[]): string {
  let identity = `${name.length}:${name}`;
  for (const raw of rawArguments) identity += `\n${raw.length}:${raw.toString("latin1")}`;
  return identity;
}
