import { hourMs, kibibyte, type LimitDefinition, mebibyte } from "./limit-definition.ts";

/**
 * What is bounded before there is a client: HTTP requests and WebSocket framing. Where ASP.NET Core has a bound by default,
 * it is the same one, so that what the origin takes is taken here.
 */
export const doorLimitDefinitions = {
  requestHeadersTimeoutMs: {
    default: 10_000,
    max: hourMs,
    description: "Time for a client to send the headers of an HTTP request. After it the answer is 408.",
  },
  requestTimeoutMs: {
    default: 30_000,
    max: hourMs,
    description:
      "Time for a client to send a whole HTTP request, however slowly its body comes. After it the answer is 408.",
  },
  maxRequestHeaders: {
    default: 100,
    max: 1000,
    description: "Most headers of an HTTP request. One with more is answered with 431.",
  },
  maxRequestHeaderBytes: {
    default: 32 * kibibyte,
    max: mebibyte,
    description:
      "Largest request line and headers of an HTTP request, read when the gateway starts. Larger ones are answered with 431.",
  },
  maxUrlBytes: {
    default: 16 * kibibyte,
    max: mebibyte,
    description: "Longest URL of a request, which may carry a token. A longer one is answered with 414.",
  },
  maxFragments: {
    default: 1024,
    max: 65_536,
    description: "Most fragments of one WebSocket message from a client. More of them close that client.",
  },
  maxBufferedChunks: {
    default: 4096,
    max: 262_144,
    description: "Most pieces in which one WebSocket frame of a client may arrive. More of them close that client.",
  },
} as const satisfies Readonly<Record<string, LimitDefinition>>;
