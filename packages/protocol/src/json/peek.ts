import type { EnvelopeDraft } from "../envelope-draft.ts";
import { draftEnvelope } from "../envelope-draft.ts";
import type { Envelope, Frame, PeekLimits } from "../hub-protocol.ts";
import { defaultPeekLimits } from "../hub-protocol.ts";
import { MessageType } from "../messages.ts";
import { ProtocolError } from "../protocol-error.ts";
import { objectStart } from "./object.ts";
import type { MemberName } from "./read-member.ts";
import { checkDepth, memberAt, readMember } from "./read-member.ts";
import { badJson, closeBrace, comma, quote, recordSeparator, skipColon, skipString, skipWhitespace } from "./scan.ts";

/**
 * `HubProtocol.peek` for JSON. Members come in any order, so all are read first and judged by type afterwards.
 * Stricter than the origin, which does not look at: what follows the object, UTF-8 and escapes in skipped values, a
 * second `arguments`, `item` or `result`.
 */
export function peekJson(frame: Frame, limits: PeekLimits = defaultPeekLimits): Envelope {
  const last = frame.length - 1;
  if (frame[last] !== recordSeparator) throw badJson(frame, frame.length);
  const envelope = draftEnvelope();
  let hasType = false;
  let position = objectStart(frame);
  checkDepth(1, limits, position);
  position = skipWhitespace(frame, position + 1);
  while (frame[position] !== closeBrace) {
    if (frame[position] !== quote) throw badJson(frame, position);
    const nameEnd = skipString(frame, position);
    const member = memberAt(frame, position + 1, nameEnd - 1);
    position = readMember(frame, skipColon(frame, nameEnd), member, envelope, limits);
    if (member === "type") hasType = true;
    position = skipWhitespace(frame, position);
    if (frame[position] === comma) {
      position = skipWhitespace(frame, position + 1);
      if (frame[position] === closeBrace) throw badJson(frame, position);
    } else if (frame[position] !== closeBrace) {
      throw badJson(frame, position);
    }
  }
  position = skipWhitespace(frame, position + 1);
  if (position !== last) throw badJson(frame, position);
  if (!hasType) throw missing("type");
  return judge(envelope);
}

/** The rules of each type (protocol.md 4.3), in the order in which the origin checks them. */
function judge(members: EnvelopeDraft): Envelope {
  // A new envelope, so that members that mean nothing to the type do not get out.
  const envelope = draftEnvelope();
  envelope.type = members.type;
  switch (members.type) {
    case MessageType.Invocation:
      if (members.target === undefined) throw missing("target");
      if (members.argumentsRange === undefined) throw missing("arguments");
      if (!isBlank(members.invocationId)) envelope.invocationId = members.invocationId;
      takeInvocation(members, envelope);
      break;
    case MessageType.StreamInvocation:
      if (members.target === undefined) throw missing("target");
      takeInvocationId(members, envelope);
      if (members.argumentsRange === undefined) throw missing("arguments");
      takeInvocation(members, envelope);
      break;
    case MessageType.StreamItem:
      takeInvocationId(members, envelope);
      if (members.item === undefined) throw missing("item");
      envelope.item = members.item;
      break;
    case MessageType.Completion:
      takeInvocationId(members, envelope);
      if (members.error !== undefined && members.result !== undefined) {
        throw new ProtocolError("malformed", "The 'error' and 'result' properties are mutually exclusive.");
      }
      envelope.error = members.error;
      envelope.result = members.result;
      break;
    case MessageType.CancelInvocation:
      takeInvocationId(members, envelope);
      break;
    case MessageType.Close:
      envelope.error = members.error;
      envelope.allowReconnect = members.allowReconnect;
      break;
    case MessageType.Ack:
    case MessageType.Sequence:
      if (members.sequenceId === undefined) throw missing("sequenceId");
      envelope.sequenceId = members.sequenceId;
      break;
  }
  return envelope;
}

function takeInvocation(members: EnvelopeDraft, envelope: EnvelopeDraft): void {
  envelope.target = members.target;
  envelope.streamIds = members.streamIds;
  envelope.argumentsRange = members.argumentsRange;
  envelope.argumentRanges = members.argumentRanges;
}

function takeInvocationId(members: EnvelopeDraft, envelope: EnvelopeDraft): void {
  if (isBlank(members.invocationId)) throw missing("invocationId");
  envelope.invocationId = members.invocationId;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text === "";
}

function missing(member: MemberName): ProtocolError {
  return new ProtocolError("malformed", `Missing required property '${member}'.`);
}
