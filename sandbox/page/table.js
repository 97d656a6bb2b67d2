// Tables: the plain one, and the one with a caption that is sorted and turned over by its reader.

import { el } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { richText } from "./rich.js";
import { say } from "./words.js";

function cell(one) {
  if (one.type === "rich_text") return richText(one);
  return plain(one.text ?? String(one.value));
}

function value(one) {
  if (one.type === "raw_number") return one.value;
  return el("span", {}, cell(one)).textContent;
}

export function table(block) {
  const look = (index) => {
    const setting = block.column_settings?.[index] ?? {};
    return `align-${setting.align ?? "left"}${setting.is_wrapped ? " wrapped" : ""}`;
  };
  const [head, ...rows] = block.rows;
  return framed(
    el(
      "table",
      { class: "table" },
      headRow(head, look),
      el(
        "tbody",
        {},
        rows.map((row) => bodyRow(row, look)),
      ),
    ),
    head.map((one) => value(one)).join(", "),
  );
}

/** Wide tables are moved sideways, by keyboard too. */
function framed(inner, name) {
  return el("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": name }, inner);
}

function headRow(head, look, order = null) {
  const cells = head.map((one, index) => {
    const props = { scope: "col", class: look(index) };
    if (order === null) return el("th", props, cell(one));
    const sorted = order.column === index ? (order.down ? "descending" : "ascending") : "none";
    return el(
      "th",
      { ...props, "aria-sort": sorted },
      el("button", { type: "button", class: "sort", on: { click: () => order.by(index) } }, cell(one)),
    );
  });
  return el("thead", {}, el("tr", {}, cells));
}

function bodyRow(row, look, header = -1) {
  return el(
    "tr",
    {},
    row.map((one, index) =>
      el(
        index === header ? "th" : "td",
        { class: look(index), scope: index === header ? "row" : null },
        cell(one),
      ),
    ),
  );
}

export function dataTable(block) {
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? rows.length;
  const order = { column: -1, down: false, by };
  const box = el("div", { class: "data-table" });
  let page = 0;

  function by(index) {
    order.down = order.column === index && !order.down;
    order.column = index;
    draw();
  }

  function sorted() {
    if (order.column < 0) return rows;
    const compare = (a, b) =>
      typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    const turned = order.down ? -1 : 1;
    return rows.toSorted((a, b) => turned * compare(value(a[order.column]), value(b[order.column])));
  }

  function draw() {
    const pages = Math.ceil(rows.length / size);
    const look = (index) => (rows[0]?.[index]?.type === "raw_number" ? "align-right" : "align-left");
    const shown = sorted().slice(page * size, (page + 1) * size);
    const body = el(
      "tbody",
      {},
      shown.map((row) => bodyRow(row, look, block.row_header_column_index ?? -1)),
    );
    const turn = (to) => () => {
      page = to;
      draw();
    };
    const pager =
      pages > 1
        ? el(
            "div",
            { class: "pager" },
            el(
              "button",
              { type: "button", class: "button small", disabled: page === 0, on: { click: turn(page - 1) } },
              "‹",
            ),
            el("span", {}, `${page + 1} / ${pages}`),
            el(
              "button",
              {
                type: "button",
                class: "button small",
                disabled: page === pages - 1,
                on: { click: turn(page + 1) },
              },
              "›",
            ),
          )
        : el("div", { class: "hint" }, say("rows", { n: rows.length }));
    const caption = el("caption", {}, plain(block.caption));
    box.replaceChildren(
      framed(el("table", { class: "table" }, caption, headRow(head, look, order), body), block.caption),
      pager,
    );
  }

  draw();
  return box;
}
