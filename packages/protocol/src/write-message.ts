import type { Frame, HubProtocol } from "./hub-protocol.ts";
import type { CompletionMessage, HubMessage, MessageHeaders } from "./messages.ts";
import { MessageType } from "./messages.ts";

/** The writers of one protocol, which all take message headers beyond what `HubProtocol` shows. */
export interface MessageWriters {
  readonly pingFrame: Frame;
  readonly writeClose: HubProtocol["writeClose"];
  readonly writeCompletion: WithHeaders<HubProtocol["writeCompletion"]>;
  readonly writeInvocation: WithHeaders<HubProtocol["writeInvocation"]>;
  readonly writeStreamInvocation: WithHeaders<HubProtocol["writeStreamInvocation"]>;
  readonly writeStreamItem: WithHeaders<HubProtocol["writeStreamItem"]>;
  readonly writeCancelInvocation: WithHeaders<HubProtocol["writeCancelInvocation"]>;
  readonly writeAck: HubProtocol["writeAck"];
  readonly writeSequence: HubProtocol["writeSequence"];
}

type WithHeaders<Writer extends (...parameters: never) => Frame> = (
  ...parameters: [...Parameters<Writer>, headers?: MessageHeaders]
) => Frame;

/** Encodes the values of a message one by one and puts the frame around them. */
export function writeMessage(
  message: HubMessage,
  writers: MessageWriters,
  encodeValue: (value: unknown) => Uint8Array,
): Frame {
  switch (message.type) {
    case MessageType.Invocation:
      return writers.writeInvocation({ ...message, arguments: message.arguments.map(encodeValue) }, message.headers);
    case MessageType.StreamInvocation:
      return writers.writeStreamInvocation(
        { ...message, arguments: message.arguments.map(encodeValue) },
        message.headers,
      );
    case MessageType.StreamItem:
      return writers.writeStreamItem(message.invocationId, encodeValue(message.item), message.headers);
    case MessageType.Completion:
      return writeCompletion(message, writers, encodeValue);
    case MessageType.CancelInvocation:
      return writers.writeCancelInvocation(message.invocationId, message.headers);
    case MessageType.Ping:
      return writers.pingFrame;
    case MessageType.Close:
      return writers.writeClose(message);
    case MessageType.Ack:
      return writers.writeAck(message.sequenceId);
    case MessageType.Sequence:
      return writers.writeSequence(message.sequenceId);
  }
}

function writeCompletion(
  { invocationId, error, result, headers }: CompletionMessage,
  writers: MessageWriters,
  encodeValue: (value: unknown) => Uint8Array,
): Frame {
  if (error !== undefined) return writers.writeCompletion(invocationId, { kind: "error", error }, headers);
  if (result === undefined) return writers.writeCompletion(invocationId, { kind: "void" }, headers);
  return writers.writeCompletion(invocationId, { kind: "result", raw: encodeValue(result) }, headers);
}
