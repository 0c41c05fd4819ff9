export type { HandshakeRequest } from "./handshake.ts";
export {
  HandshakeSplitter,
  handshakeSuccess,
  readHandshakeRequest,
  readHandshakeResponse,
  writeHandshakeError,
  writeHandshakeRequest,
} from "./handshake.ts";
export type {
  ByteRange,
  CompletionPayload,
  Envelope,
  Frame,
  FrameSplitter,
  HubProtocol,
  HubProtocolName,
  PathStep,
  PeekLimits,
  RawInvocation,
  Scalar,
  TransferFormat,
} from "./hub-protocol.ts";
export { defaultPeekLimits } from "./hub-protocol.ts";
export { findHubProtocol, hubProtocols } from "./hub-protocols.ts";
export type {
  AckMessage,
  CancelInvocationMessage,
  CloseMessage,
  CompletionMessage,
  HubMessage,
  InvocationMessage,
  MessageHeaders,
  PingMessage,
  SequenceMessage,
  StreamInvocationMessage,
  StreamItemMessage,
} from "./messages.ts";
export { MessageType } from "./messages.ts";
export type {
  AvailableTransport,
  NegotiatedConnection,
  NegotiateError,
  NegotiateRedirect,
  NegotiateResponse,
  TransportName,
} from "./negotiate.ts";
export {
  nonIntegerVersionError,
  parseNegotiateResponse,
  parseNegotiateVersion,
  writeNegotiateResponse,
} from "./negotiate.ts";
export type { ProtocolErrorCode } from "./protocol-error.ts";
export { ProtocolError } from "./protocol-error.ts";
