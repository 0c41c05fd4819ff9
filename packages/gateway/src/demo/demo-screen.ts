import { type DemoStatus, statusBlock, statusLine } from "./demo-texts.ts";

/** A standard stream, as far as the demo needs one. */
export interface DemoOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

const lineIntervalMs = 1_000;
const blockIntervalMs = 500;

/** Shows the status: redrawn in place on a terminal, a line per second elsewhere. */
export class DemoScreen {
  readonly #output: DemoOutput;
  #drawnLines = 0;

  constructor(output: DemoOutput) {
    this.#output = output;
  }

  get intervalMs(): number {
    return this.#output.isTTY === true ? blockIntervalMs : lineIntervalMs;
  }

  /** Something that stays. */
  print(text: string): void {
    this.#output.write(`${text}\n`);
    this.#drawnLines = 0;
  }

  show(status: DemoStatus): void {
    if (this.#output.isTTY === true) this.#draw(statusBlock(status));
    else this.print(statusLine(status));
  }

  #draw(lines: readonly string[]): void {
    const { columns } = this.#output;
    // Some terminals do not know their width, and say 0.
    const width = columns === undefined || columns === 0 ? 80 : columns;
    const up = this.#drawnLines === 0 ? "" : `\u001b[${this.#drawnLines}A`;
    // A line that wraps would be counted wrong by the next redraw.
    const text = lines.map((line) => `\u001b[2K${line.slice(0, width - 1)}\n`).join("");
    this.#output.write(up + text);
    this.#drawnLines = lines.length;
  }
}
