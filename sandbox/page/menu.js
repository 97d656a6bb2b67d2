// A menu that opens at a button: arrow keys, Escape, and a click elsewhere closes it.

import { el } from "./dom.js";
import { popup } from "./popup.js";

/** `items()` gives {label, note, choose}; they are made anew at each opening. */
export function menuButton(props, content, items) {
  const button = el(
    "button",
    { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", ...props },
    content,
  );
  let close = null;
  const closed = () => {
    close = null;
    button.setAttribute("aria-expanded", "false");
  };
  button.addEventListener("click", () => {
    if (close) close();
    else close = open(button, items(), closed);
  });
  return button;
}

function open(button, items, closed) {
  const choose = (item) => () => {
    close();
    button.focus();
    item.choose();
  };
  const rows = items.map((item) =>
    el(
      "button",
      { type: "button", role: "menuitem", class: "menu-item", tabindex: -1, on: { click: choose(item) } },
      el("span", {}, item.label),
      item.note ? el("span", { class: "menu-note" }, item.note) : null,
    ),
  );
  const box = el(
    "div",
    { role: "menu", class: "menu", "aria-label": button.getAttribute("aria-label"), on: { keydown } },
    rows,
  );

  function keydown(event) {
    const at = rows.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    if (event.key in moves) rows[(moves[event.key] + rows.length) % rows.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") {
      close();
      button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const { close } = popup(box, button, { edge: "right", closed });
  button.setAttribute("aria-expanded", "true");
  rows[0]?.focus();
  return close;
}
