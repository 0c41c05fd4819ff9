/** How large and how long everything is. Times in milliseconds. */
export interface Size {
  readonly rounds: number;
  /** Whether roles get cores of their own. */
  readonly pins: boolean;
  readonly windowMs: number;
  /** How long a few clients get many messages before the others come. */
  readonly heatMs: number;
  readonly warmUpMs: number;
  readonly timeLimitMs: number;
  /** Fan-out, many groups, MessagePack. */
  readonly clients: number;
  /** One message to all of them each tick. */
  readonly steadyTickMs: number;
  /** 16 messages over 40 groups each tick. */
  readonly burstTickMs: number;
  readonly idleClients: number;
  readonly stormClients: number;
  readonly latencyClients: number;
  readonly lastMemberClients: number;
  /** Messages whose last member is awaited, one a second. */
  readonly lastMemberMessages: number;
  /** Large messages, share of transports. */
  readonly mixedClients: number;
  readonly slowClients: number;
  readonly slowWindowMs: number;
  readonly growth: readonly number[];
  readonly official: number;
}

export const sizes = {
  full: {
    rounds: 5,
    pins: true,
    windowMs: 10_000,
    heatMs: 3000,
    warmUpMs: 3000,
    timeLimitMs: 240_000,
    clients: 5000,
    steadyTickMs: 200,
    burstTickMs: 1000,
    idleClients: 5000,
    stormClients: 5000,
    latencyClients: 1000,
    lastMemberClients: 10_000,
    lastMemberMessages: 5,
    mixedClients: 1000,
    slowClients: 100,
    slowWindowMs: 25_000,
    growth: [100, 1000, 5000, 15_000],
    official: 50,
  },
  quick: {
    rounds: 1,
    pins: true,
    windowMs: 1500,
    heatMs: 700,
    warmUpMs: 300,
    timeLimitMs: 60_000,
    clients: 1000,
    steadyTickMs: 50,
    burstTickMs: 250,
    idleClients: 1000,
    stormClients: 800,
    latencyClients: 400,
    lastMemberClients: 1000,
    lastMemberMessages: 2,
    mixedClients: 300,
    slowClients: 60,
    slowWindowMs: 6000,
    growth: [100, 1000],
    official: 10,
  },
  /** Shows that the harness works; its speeds mean nothing. */
  tiny: {
    rounds: 1,
    pins: false,
    windowMs: 500,
    heatMs: 100,
    warmUpMs: 100,
    timeLimitMs: 60_000,
    clients: 50,
    steadyTickMs: 50,
    burstTickMs: 100,
    idleClients: 50,
    stormClients: 50,
    latencyClients: 50,
    lastMemberClients: 50,
    lastMemberMessages: 1,
    mixedClients: 50,
    slowClients: 20,
    slowWindowMs: 500,
    growth: [20, 50],
    official: 3,
  },
} as const satisfies Readonly<Record<string, Size>>;

export type SizeName = keyof typeof sizes;
