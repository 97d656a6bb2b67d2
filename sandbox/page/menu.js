// A menu that opens at a button: arrow keys, Escape, and a click elsewhere closes it.

import { el } from "./dom.js";

/** `items()` gives {label, note, choose}; they are made anew at each opening. */
export function menuButton(props, content, items) {
  const button = el(
    "button",
    { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", ...props },
    content,
  );
  button.addEventListener("click", () => open(button, items()));
  return button;
}

function open(button, items) {
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

  function elsewhere(event) {
    if (!box.contains(event.target)) close();
  }

  function close() {
    box.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", elsewhere, true);
  }

  // While a dialog is open, only what is in it can be reached.
  const home = button.closest("dialog") ?? document.querySelector("main");
  home.append(box);
  place(box, button);
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", elsewhere, true);
  rows[0]?.focus();
}

function place(box, button) {
  const at = button.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.right - width, innerWidth - width - 8));
  const below = at.bottom + 4;
  const top = below + height > innerHeight - 8 ? Math.max(8, at.top - height - 4) : below;
  box.style.setProperty("left", `${left}px`);
  box.style.setProperty("top", `${top}px`);
}
