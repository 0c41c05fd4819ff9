/**
 * The last ten minutes, by series: what the gateway remembered when the page came, and what came since. `null` where
 * nothing was measured.
 *
 * @typedef {Record<string, (number | null)[]>} Columns
 */

const spanMs = 600_000;

export class Series {
  /** @type {Columns} */
  columns = {};

  /** @param {Columns} history */
  reset(history) {
    this.columns = Object.fromEntries(Object.entries(history).map(([name, values]) => [name, [...values]]));
  }

  /** @param {Record<string, number | null>} sample */
  add(sample) {
    const time = sample.time ?? 0;
    // The first tick repeats the newest sample of the history.
    if ((this.columns.time?.at(-1) ?? 0) >= time) return;
    for (const [name, value] of Object.entries(sample)) {
      const column = this.columns[name] ?? [];
      this.columns[name] = column;
      column.push(value);
    }
    while ((this.columns.time?.[0] ?? time) < time - spanMs) {
      for (const column of Object.values(this.columns)) column.shift();
    }
  }

  /** @param {string} name */
  values(name) {
    return this.columns[name] ?? [];
  }

  get times() {
    return this.values("time").map((time) => time ?? 0);
  }

  /** How much a counter has grown in the time that is remembered. @param {string} name */
  growth(name) {
    const values = this.values(name);
    return (values.at(-1) ?? 0) - (values[0] ?? 0);
  }
}
