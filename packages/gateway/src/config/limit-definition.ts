export interface LimitDefinition {
  readonly default: number;
  readonly max: number;
  readonly description: string;
}

export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;
export const hourMs = 3_600_000;
