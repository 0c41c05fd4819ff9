/**
 * Every reason for which the gateway ends a client connection, and what the client is told (protocol.md 7.5).
 * The name is the metric label and the word in the log. docs/CLOSE-REASONS.md lists the same, checked by a test.
 */
export interface CloseReason {
  readonly name: string;
  /**
   * - `close`: Close message (if `message` is set), then WebSocket close 1000
   * - `terminate`: the socket is cut; for peers that do not read, where a Close message would queue behind the rest
   * - `none`: the connection is already gone
   */
  readonly how: "close" | "terminate" | "none";
  /** Close message before the transport ends. Absent: none is sent. */
  readonly message?: { readonly error?: string; readonly allowReconnect?: true };
}

/** The origin's own words for every end that is the connection's fault (protocol.md 4.3, 4.6, 7.2). */
const closedWithError = "Connection closed with an error.";

export const closeReasons = {
  /** The client sent a Close message; answered with one, as origins since 8.0 do. */
  clientClosed: { name: "client-closed", how: "close", message: {} },
  /** The client ended its transport, or its socket broke. */
  clientGone: { name: "client-gone", how: "none" },
  /** The handshake was refused; the client got the error text in the handshake response. */
  handshakeRefused: { name: "handshake-refused", how: "close" },
  /** No complete handshake within limits.handshakeTimeoutMs. */
  handshakeTimeout: { name: "handshake-timeout", how: "close" },
  /** Bytes that are no valid hub message, or (then without a Close message) no valid WebSocket frame. */
  protocolError: { name: "protocol-error", how: "close", message: { error: closedWithError, allowReconnect: true } },
  /** A hub message over limits.maxMessageBytes; without a Close message, what the transport itself does not take. */
  messageTooLarge: {
    name: "message-too-large",
    how: "close",
    message: { error: closedWithError, allowReconnect: true },
  },
  /** A WebSocket message in more than limits.maxFragments, or a frame in more than limits.maxBufferedChunks. */
  tooManyFragments: { name: "too-many-fragments", how: "close" },
  /** More messages or pings than its rates for limits.floodTimeoutMs, although it was not read faster than those. */
  flood: { name: "flood", how: "close", message: { error: closedWithError, allowReconnect: true } },
  /** The client pinged once and then was silent for limits.clientTimeoutMs. */
  clientTimeout: { name: "client-timeout", how: "close", message: { error: closedWithError, allowReconnect: true } },
  /** More than limits.outboxMaxBytes unread, or nothing read for limits.outboxMaxAgeMs. */
  slowConsumer: { name: "slow-consumer", how: "terminate" },
  /** The private upstream was closed by the origin with a Close message, which is relayed as it came. */
  upstreamClosed: { name: "upstream-closed", how: "close" },
  /** The private upstream broke, fell silent or ended without a Close message. */
  upstreamLost: { name: "upstream-lost", how: "close", message: { allowReconnect: true } },
  /** Updates of a group were lost while its shared upstream was down (aggregation.md R-30). */
  gap: { name: "gap", how: "close", message: { allowReconnect: true } },
  /** The token with which the client came has ended; it reconnects with a new one. */
  tokenExpired: { name: "token-expired", how: "close", message: { allowReconnect: true } },
  /** A reload of the configuration changed what the client's hub shares, or whom it lets have it. */
  reloaded: { name: "reloaded", how: "close", message: { allowReconnect: true } },
  /** The gateway is shutting down. */
  drained: { name: "drained", how: "close", message: { allowReconnect: true } },
  /** A bug of the gateway met while serving this connection. */
  internalError: { name: "internal-error", how: "close", message: { error: closedWithError, allowReconnect: true } },
} as const satisfies Record<string, CloseReason>;
