/** First in, first out, in one array: what was taken leaves a hole until the queue is empty. */
export class MessageQueue<Message> {
  readonly #messages: (Message | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#messages.length - this.#head;
  }

  push(message: Message): void {
    this.#messages.push(message);
  }

  shift(): Message | undefined {
    if (this.#head === this.#messages.length) return undefined;
    const message = this.#messages[this.#head];
    this.#messages[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#messages.length) {
      this.#messages.length = 0;
      this.#head = 0;
    }
    return message;
  }

  *[Symbol.iterator](): Generator<Message> {
    for (const message of this.#messages) if (message !== undefined) yield message;
  }
}
