import { html, setAttributes, setText } from "./elements.js";

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {"number" | "key" | "time" | "name" | "wide" | "wide number"} [style]  `wide`: not on small screens
 */

/** @typedef {string | { readonly text: string, readonly tone: string }} Cell  with a tone it is a state */

/** A table whose rows change in place, so that focus, selection and scroll position stay. The first cell heads its row. */
export class Table {
  element;
  #columns;
  #body = html("tbody");
  #empty;

  /** @param {string} caption @param {readonly Column[]} columns @param {string} empty what to say without rows */
  constructor(caption, columns, empty) {
    this.#columns = columns;
    const heads = columns.map(({ title, style = "" }) => html("th", { scope: "col", class: style }, title));
    const table = html(
      "table",
      {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...heads)),
      this.#body,
    );
    this.#empty = html("p", { class: "empty" }, empty);
    this.element = html("div", {}, table, this.#empty);
  }

  /** @param {readonly (readonly Cell[])[]} rows */
  show(rows) {
    for (const [index, cells] of rows.entries()) {
      const row = this.#body.rows[index] ?? this.#addRow();
      for (const [at, cell] of cells.entries()) {
        const content = row.cells[at]?.firstElementChild;
        if (content === null || content === undefined) continue;
        setText(content, typeof cell === "string" ? cell : cell.text);
        setAttributes(content, typeof cell === "string" ? { class: "" } : { class: "state", "data-tone": cell.tone });
      }
    }
    while (this.#body.rows.length > rows.length) this.#body.deleteRow(-1);
    this.#empty.hidden = rows.length > 0;
    const table = this.#body.parentElement;
    if (table !== null) table.hidden = rows.length === 0;
  }

  #addRow() {
    const row = html("tr");
    for (const [at, { style = "" }] of this.#columns.entries()) {
      // Isolated, because a text of somebody else may turn the writing direction.
      const content = html("bdi");
      row.append(
        at === 0 ? html("th", { scope: "row", class: style }, content) : html("td", { class: style }, content),
      );
    }
    this.#body.append(row);
    return row;
  }
}
