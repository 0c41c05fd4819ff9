/** One piece of the gateway that takes bytes of a stranger, and what must hold for all of them. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with, besides the corpus: well-formed ones of every kind. */
  readonly seeds: readonly Buffer[];
  /** Pieces that mean something to this target; mutation puts them anywhere. */
  readonly dictionary: readonly Buffer[];
  readonly maxBytes: number;
  /** Most runs between two looks at the coverage: fewer for slow targets, so that a batch ends within a second. */
  readonly maxBatch: number;
  /** It goes through sockets or promises: slower by far, and its time says nothing about work. */
  readonly isAsync: boolean;
  /** Throws if anything is wrong; the error says what. Bytes that are refused as declared are right. */
  run(input: Buffer): void | Promise<void>;
  /** The gateway's part of `run` without the oracles, as it ends at the first refusal; its time is metered. */
  work(input: Buffer): void;
  /** A plain input of about this size, to which the time of others is compared. */
  plain(byteCount: number): Buffer;
}

/** Something that must hold does not. */
export class Finding extends Error {
  override readonly name = "Finding";
}

export function texts(...items: readonly string[]): readonly Buffer[] {
  return items.map((item) => Buffer.from(item, "latin1"));
}
