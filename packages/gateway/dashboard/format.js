/** A number and its unit stay on one line. */
const gap = "\u00a0";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/** @param {number} value */
export function count(value) {
  return whole.format(value);
}

/** Short enough for an axis or a headline: 950, 12.3 k, 4.1 M. @param {number} value */
export function shortCount(value) {
  return scaled(value, 1000, ["", `${gap}k`, `${gap}M`, `${gap}G`, `${gap}T`]);
}

/** @param {number} value */
export function bytes(value) {
  return scaled(value, 1000, [`${gap}B`, `${gap}kB`, `${gap}MB`, `${gap}GB`, `${gap}TB`, `${gap}PB`]);
}

/** @param {number} value */
export function milliseconds(value) {
  if (value >= 1000) return `${decimal.format(value / 1000)}${gap}s`;
  if (value === 0 || value >= 10) return `${whole.format(value)}${gap}ms`;
  return `${value.toFixed(value < 1 ? 2 : 1)}${gap}ms`;
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  const value = share * 100;
  // 99.96 % is not 100 %.
  const text = (Math.floor(Math.abs(value) * 10) / 10).toFixed(1);
  return `${value < 0 && text !== "0.0" ? "-" : ""}${text}${gap}%`;
}

/** @param {number} seconds */
export function duration(seconds) {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value !== 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

/** @param {number} time milliseconds since 1970 */
export function timeOfDay(time) {
  return clock.format(time);
}

/** @param {number} value @param {string} one @param {string} [many] */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * @param {number} value
 * @param {number} step
 * @param {readonly string[]} units
 */
function scaled(value, step, units) {
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= step && unit < units.length - 1) {
    size /= step;
    unit += 1;
  }
  const isWhole = (unit === 0 && Number.isInteger(size)) || Math.abs(size) >= 100;
  return `${isWhole ? whole.format(size) : decimal.format(size)}${units[unit] ?? ""}`;
}
