import { html, setAttributes, setText, svg } from "./elements.js";
import { bytes, count, percent, plural, shortCount } from "./format.js";

/** @typedef {{ readonly direct: number, readonly upstream: number }} Saving */
/** @typedef {Readonly<Record<"connections" | "messages" | "bytes" | "invocations", Saving>>} Savings */

const tiles = /** @type {const} */ ([
  { name: "connections", title: "Origin connections", format: count },
  { name: "messages", title: "Origin messages", format: shortCount },
  { name: "bytes", title: "Origin bytes", format: bytes },
  { name: "invocations", title: "Origin invocations", format: shortCount },
]);

/** The headline and its four pairs of bars. */
export class SavingsView {
  #headline;
  #tiles;

  /** @param {HTMLElement} headline @param {HTMLElement} parent */
  constructor(headline, parent) {
    this.#headline = headline;
    this.#tiles = tiles.map(({ name, title, format }) => {
      const [big, small] = [html("p", { class: "big" }), html("p", { class: "small" })];
      const used = svg("rect", { class: "bar-used", x: 0, y: 9, height: 7 });
      const bars = svg("svg", { class: "bars", "aria-hidden": "true" });
      bars.append(svg("rect", { class: "bar-direct", x: 0, y: 0, width: "100%", height: 7 }), used);
      parent.append(html("div", { class: "saving" }, html("h3", {}, title), big, small, bars));
      return { name, format, big, small, used };
    });
  }

  /** @param {Savings} savings */
  show(savings) {
    setText(this.#headline, headline(savings));
    for (const { name, format, big, small, used } of this.#tiles) {
      const saving = savings[name];
      setText(big, saving.direct === 0 ? "-" : `${percent(savedShare(saving))} fewer`);
      setText(small, `${format(saving.upstream)} instead of ${format(saving.direct)}`);
      const share = saving.direct === 0 ? 0 : Math.min(1, saving.upstream / saving.direct);
      // What is there stays visible, however small beside the other.
      setAttributes(used, { width: `${Math.max(saving.upstream > 0 ? 0.6 : 0, share * 100)}%` });
    }
  }
}

/** @param {readonly Savings[]} all @returns {Savings} */
export function sumOf(all) {
  /** @param {keyof Savings} name */
  const sum = (name) => ({
    direct: all.reduce((total, savings) => total + savings[name].direct, 0),
    upstream: all.reduce((total, savings) => total + savings[name].upstream, 0),
  });
  return {
    connections: sum("connections"),
    messages: sum("messages"),
    bytes: sum("bytes"),
    invocations: sum("invocations"),
  };
}

/** @param {Saving} saving */
export function savedShare({ direct, upstream }) {
  return direct === 0 ? 0 : 1 - upstream / direct;
}

/** @param {Savings} savings */
function headline({ connections, bytes: traffic }) {
  const clients = plural(connections.direct, "client");
  const origin = plural(connections.upstream, "origin connection");
  if (traffic.direct === 0) return `${clients}, ${origin}; nothing has been sent yet`;
  return `${clients}, ${origin}; ${bytes(traffic.upstream)} of ${bytes(traffic.direct)}: ${percent(savedShare(traffic))} saved`;
}
