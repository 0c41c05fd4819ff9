import type { CompletionPayload, Frame, HubProtocol } from "@signalr-edge/protocol";
import { encodeValue } from "./encode-value.ts";
import { ArgumentMismatch } from "./hub-definition.ts";
import { errorText } from "./refuse-invocation.ts";

/** A streaming method returned something that is no stream. */
export class NoStream extends Error {}

interface ReplyOutput {
  readonly protocol: HubProtocol;
  sendFrame(frame: Frame): void;
  fail(error: unknown): void;
}

/** Stream items and completions of one connection, in ASP.NET Core's words (protocol.md 8.2). */
export class HubReplies {
  readonly #output: ReplyOutput;
  readonly #detailed: boolean;

  constructor(output: ReplyOutput, detailed: boolean) {
    this.#output = output;
    this.#detailed = detailed;
  }

  item(invocationId: string, item: unknown): void {
    const { protocol } = this.#output;
    this.#output.sendFrame(protocol.writeStreamItem(invocationId, encodeValue(item, protocol)));
  }

  /** A result that cannot be encoded ends the connection. */
  result(invocationId: string | undefined, result: unknown): void {
    if (invocationId === undefined) return;
    try {
      this.#complete(invocationId, { kind: "result", raw: encodeValue(result, this.#output.protocol) });
    } catch (error) {
      this.#output.fail(error);
    }
  }

  endOfStream(invocationId: string): void {
    this.#complete(invocationId, { kind: "void" });
  }

  error(invocationId: string | undefined, error: string): void {
    this.#complete(invocationId, { kind: "error", error });
  }

  exception(invocationId: string | undefined, target: string, error: unknown): void {
    this.error(
      invocationId,
      error instanceof ArgumentMismatch
        ? this.#argumentText(target, error)
        : errorText(`An unexpected error occurred invoking '${target}' on the server.`, error, this.#detailed),
    );
  }

  streamException(invocationId: string, target: string, error: unknown): void {
    this.error(invocationId, this.#streamText(target, error));
  }

  #streamText(target: string, error: unknown): string {
    if (error instanceof NoStream) {
      return `The value returned by the streaming method '${target}' is not a ChannelReader<> or IAsyncEnumerable<>.`;
    }
    if (error instanceof ArgumentMismatch) return this.#argumentText(target, error);
    return errorText("An error occurred on the server while streaming results.", error, this.#detailed);
  }

  #argumentText(target: string, error: ArgumentMismatch): string {
    return errorText(`Failed to invoke '${target}' due to an error on the server.`, error, this.#detailed);
  }

  #complete(invocationId: string | undefined, payload: CompletionPayload): void {
    if (invocationId === undefined) return;
    this.#output.sendFrame(this.#output.protocol.writeCompletion(invocationId, payload));
  }
}
