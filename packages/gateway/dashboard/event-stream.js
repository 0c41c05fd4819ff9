/** @typedef {{ readonly name: string, readonly data: string }} StreamEvent */

/**
 * Reads Server-Sent Events from the text of a response, cut anywhere. Only what the gateway sends: `event` and `data`
 * fields, lines that end with LF, comments.
 */
export class EventStreamReader {
  #rest = "";

  /** @param {string} text @returns {StreamEvent[]} the events that are complete by now */
  push(text) {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => readEvent(block) ?? []);
  }
}

/** @param {string} block @returns {StreamEvent | undefined} */
function readEvent(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return data.length === 0 ? undefined : { name, data: data.join("\n") };
}
