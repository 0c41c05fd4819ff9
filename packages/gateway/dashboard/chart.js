import { html, setAttributes, setText, svg } from "./elements.js";
import { timeOfDay } from "./format.js";

/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {readonly { readonly name: string, readonly label: string }[]} lines  names of series, at most three
 * @property {(value: number) => string} format
 * @property {number} [least]  the scale reaches at least so far
 * @property {string} [note]
 */

/** @typedef {import("./series.js").Series} Series */

const [left, right, top, bottom] = [52, 6, 6, 18];
const height = 118;
/** A gateway that has just started shows less than ten minutes, and shows it larger. */
const spansMs = [60_000, 120_000, 240_000, 600_000];
/** Samples further apart are not joined: nobody knows what was between. */
const gapMs = 3500;

/** One small chart over the last ten minutes, with its figures as text and as a table. */
export class Chart {
  element;
  #options;
  #series;
  #now = html("p", { class: "now" });
  #plot = svg("svg", { class: "plot", role: "img" });
  #grid = svg("g");
  #area = svg("path", { class: "area" });
  #lines;
  #cursor = svg("line", { class: "cursor" });
  #cursorTime = svg("text", { y: top + 8 });
  #details = html("details");
  /** @type {number | undefined} */
  #pointedAtMs;

  /** @param {ChartOptions} options @param {Series} series */
  constructor(options, series) {
    this.#options = options;
    this.#series = series;
    this.#lines = options.lines.map((_, index) => svg("path", { class: `line line-${index}` }));
    this.#plot.append(this.#grid, this.#area, ...this.#lines, this.#cursor, this.#cursorTime);
    this.#details.append(html("summary", {}, "Figures by minute"));
    if (options.note !== undefined) this.#details.append(html("p", {}, options.note));
    this.#details.addEventListener("toggle", () => this.#drawTable());
    /** @type {HTMLElement[]} */
    const parts = [html("h3", {}, options.title), this.#now];
    if (options.lines.length > 1) {
      parts.push(html("ul", { class: "legend" }, ...options.lines.map(({ label }) => html("li", {}, label))));
    }
    this.element = html("article", { class: "chart" }, ...parts, this.#plot, this.#details);
    this.#plot.addEventListener("pointermove", (event) => this.#point(event));
    this.#plot.addEventListener("pointerleave", () => this.#leave());
    new ResizeObserver(() => this.draw()).observe(this.#plot);
  }

  draw() {
    const width = this.#plot.clientWidth;
    const times = this.#series.times;
    const endMs = times.at(-1);
    if (width === 0 || endMs === undefined) return;
    const columns = this.#options.lines.map(({ name }) => this.#series.values(name));
    const spanMs = this.#spanMs;
    const max = scaleEnd(Math.max(this.#options.least ?? 0, ...columns.flat().map((value) => value ?? 0)));
    /** @param {number} time */
    const x = (time) => left + (1 - (endMs - time) / spanMs) * (width - left - right);
    /** @param {number} value */
    const y = (value) => top + (1 - value / max) * (height - top - bottom);
    setAttributes(this.#plot, { viewBox: `0 0 ${width} ${height}`, "aria-label": this.#describe(columns) });
    this.#drawGrid(width, max, x, y);
    for (const [index, column] of columns.entries()) {
      this.#lines[index]?.setAttribute("d", linePath(times, column, x, y));
    }
    this.#area.setAttribute("d", areaPath(times, columns[0] ?? [], x, y));
    this.#drawNow(times, columns, x);
    if (this.#details.open) this.#drawTable();
  }

  /**
   * @param {number} width
   * @param {number} max
   * @param {(time: number) => number} x
   * @param {(value: number) => number} y
   */
  #drawGrid(width, max, x, y) {
    const marks = [];
    for (const value of [0, max / 2, max]) {
      marks.push(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
      const text = svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" });
      text.textContent = this.#options.format(value);
      marks.push(text);
    }
    const endMs = this.#series.times.at(-1) ?? 0;
    for (const [agoMs, anchor] of /** @type {const} */ ([
      [this.#spanMs, "start"],
      [this.#spanMs / 2, "middle"],
      [0, "end"],
    ])) {
      const text = svg("text", { x: x(endMs - agoMs), y: height - 3, "text-anchor": anchor });
      text.textContent = agoMs === 0 ? "now" : agoMs < 60_000 ? `-${agoMs / 1000} s` : `-${agoMs / 60_000} min`;
      marks.push(text);
    }
    this.#grid.replaceChildren(...marks);
  }

  /**
   * The newest figures, or those under the pointer.
   *
   * @param {readonly number[]} times
   * @param {readonly (readonly (number | null)[])[]} columns
   * @param {(time: number) => number} x
   */
  #drawNow(times, columns, x) {
    const pointedAtMs = this.#pointedAtMs;
    const at = pointedAtMs === undefined ? times.length - 1 : nearest(times, pointedAtMs);
    const texts = columns.map((column) => this.#text(column[at]));
    const time = times[at] ?? 0;
    setText(this.#now, texts.join(" / "));
    const visibility = pointedAtMs === undefined ? "hidden" : "visible";
    const isRight = x(time) > this.#plot.clientWidth / 2;
    setAttributes(this.#cursor, { visibility, x1: x(time), x2: x(time), y1: top, y2: height - bottom });
    setAttributes(this.#cursorTime, {
      visibility,
      x: x(time) + (isRight ? -4 : 4),
      "text-anchor": isRight ? "end" : "start",
    });
    setText(this.#cursorTime, timeOfDay(time));
  }

  /** The chart in one sentence, for those who do not see it. @param {readonly (readonly (number | null)[])[]} columns */
  #describe(columns) {
    const parts = columns.map((column, index) => {
      const measured = column.filter((value) => value !== null);
      if (measured.length === 0) return `${this.#label(index)}nothing was measured`;
      const mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
      const [low, high] = [Math.min(...measured), Math.max(...measured)];
      const { format } = this.#options;
      return `${this.#label(index)}now ${this.#text(column.at(-1))}, mean ${format(mean)}, from ${format(low)} to ${format(high)}`;
    });
    return `${this.#options.title}, last 10 minutes: ${parts.join("; ")}.`;
  }

  #drawTable() {
    this.#details.querySelector("table")?.remove();
    if (!this.#details.open) return;
    const { lines, title } = this.#options;
    const head = html("tr", {}, html("th", { scope: "col" }, "Minute"));
    for (const { label } of lines) head.append(html("th", { scope: "col", class: "number" }, label));
    const body = html("tbody");
    const times = this.#series.times;
    for (const minute of new Set(times.map((time) => Math.floor(time / 60_000)).reverse())) {
      const row = html("tr", {}, html("th", { scope: "row" }, timeOfDay(minute * 60_000).slice(0, 5)));
      for (const { name } of lines) {
        const measured = this.#series.values(name).flatMap((value, index) => {
          return value !== null && Math.floor((times[index] ?? 0) / 60_000) === minute ? [value] : [];
        });
        const mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
        row.append(html("td", { class: "number" }, this.#text(measured.length === 0 ? null : mean)));
      }
      body.append(row);
    }
    const caption = html("caption", {}, `${title}, mean of each minute`);
    this.#details.append(html("table", {}, caption, html("thead", {}, head), body));
  }

  get #spanMs() {
    const times = this.#series.times;
    const knownMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    return spansMs.find((span) => span >= knownMs) ?? 600_000;
  }

  /** @param {number} index */
  #label(index) {
    const { lines } = this.#options;
    return lines.length === 1 ? "" : `${lines[index]?.label ?? ""} `;
  }

  /** @param {number | null | undefined} value */
  #text(value) {
    return value === null || value === undefined ? "-" : this.#options.format(value);
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { left: plotLeft, width } = this.#plot.getBoundingClientRect();
    const share = (event.clientX - plotLeft - left) / Math.max(1, width - left - right);
    this.#pointedAtMs = (this.#series.times.at(-1) ?? 0) - (1 - share) * this.#spanMs;
    this.draw();
  }

  #leave() {
    this.#pointedAtMs = undefined;
    this.draw();
  }
}

/** The next number with one digit that is easily halved. @param {number} value */
function scaleEnd(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** @param {readonly number[]} times @param {number} time */
function nearest(times, time) {
  let best = 0;
  for (const [index, each] of times.entries()) {
    if (Math.abs(each - time) < Math.abs((times[best] ?? 0) - time)) best = index;
  }
  return best;
}

/**
 * Pieces of the line without a gap in time or measurements.
 *
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} column
 */
function pieces(times, column) {
  /** @type {{ time: number, value: number }[][]} */
  const found = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const [index, time] of times.entries()) {
    const value = column[index];
    if (value === null || value === undefined) continue;
    if (time - lastMs > gapMs) found.push([]);
    found.at(-1)?.push({ time, value });
    lastMs = time;
  }
  return found;
}

/**
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} column
 * @param {(time: number) => number} x
 * @param {(value: number) => number} y
 */
function linePath(times, column, x, y) {
  return pieces(times, column)
    .map((points) => `M${points.map(({ time, value }) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("L")}h0`)
    .join("");
}

/**
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} column
 * @param {(time: number) => number} x
 * @param {(value: number) => number} y
 */
function areaPath(times, column, x, y) {
  return pieces(times, column)
    .map((points) => {
      const line = points.map(({ time, value }) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
      const [first, last] = [x(points[0]?.time ?? 0), x(points.at(-1)?.time ?? 0)];
      return `M${first.toFixed(1)} ${y(0)}L${line}L${last.toFixed(1)} ${y(0)}Z`;
    })
    .join("");
}
