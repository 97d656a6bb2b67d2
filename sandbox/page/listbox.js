// One choice out of a list, as Slack has it: a field that opens its list and searches it while one types.

import { el, newId } from "./dom.js";
import { icon } from "./icons.js";
import { plain } from "./mrkdwn.js";
import { popup } from "./popup.js";
import { say } from "./words.js";

const SEARCHED = 8; // options from which on a finger is given a keyboard

/**
 * `groups`: [{label, options: [{value, text, note}]}]; `value` is chosen at first, null for nothing, which
 * `clearable` allows again later. The node tells `change`, and has `readValue()` with null for nothing.
 */
export function listbox(groups, props, { value, placeholder, clearable }) {
  const one = new Listbox(groups, props, placeholder);
  one.value = value;
  one.show();
  if (clearable) one.root.append(one.clearer());
  one.root.readValue = () => one.value;
  return one.root;
}

class Listbox {
  constructor(groups, props, placeholder) {
    this.groups = groups;
    this.options = groups.flatMap((group) => group.options);
    this.value = null;
    this.close = null;
    this.id = newId("listbox");
    this.field = el("input", {
      ...props,
      type: "text",
      class: "select",
      role: "combobox",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      placeholder,
      autocomplete: "off",
      spellcheck: "false",
      inputmode: this.options.length < SEARCHED ? "none" : null,
      on: {
        click: () => this.openWhole(),
        keydown: (event) => this.keydown(event),
        input: () => this.search(),
        blur: () => this.leave(),
        change: (event) => event.stopPropagation(), // what was typed is a search, not a choice
      },
    });
    this.root = el("div", { class: "listbox" }, this.field, icon("chevron", 14));
  }

  show() {
    const chosen = this.options.find((one) => one.value === this.value);
    this.field.value = chosen ? el("span", {}, plain(chosen.text)).textContent : "";
    this.root.classList.toggle("chosen", chosen !== undefined);
    if (document.activeElement === this.field) this.field.select(); // what is typed next takes its place
  }

  clearer() {
    const clear = () => {
      this.choose(null);
      this.field.focus();
    };
    const props = { type: "button", class: "listbox-clear", "aria-label": say("clear") };
    return el("button", { ...props, on: { click: clear } }, icon("close", 12));
  }

  /** Typing then takes the place of what is chosen. */
  openWhole() {
    if (this.close) return;
    this.open();
    this.field.select();
  }

  open() {
    this.list = el("div", { role: "listbox", id: this.id, "aria-label": this.name() });
    this.nothing = el("p", { class: "listbox-nothing", role: "status" });
    // A press in the list leaves the focus where one types.
    const props = { class: "listbox-box", on: { pointerdown: (event) => event.preventDefault() } };
    const box = el("div", props, this.list, this.nothing);
    box.style.setProperty("min-width", `${this.root.offsetWidth}px`);
    this.fill("");
    const { close, again } = popup(box, this.root, { edge: "left", closed: () => this.closed() });
    this.close = close;
    this.again = again;
    this.field.setAttribute("aria-expanded", "true");
    this.field.setAttribute("aria-controls", this.id);
    this.mark(Math.max(0, this.rows.findIndex((row) => row.dataset.value === this.value)));
  }

  name() {
    return this.field.getAttribute("aria-label") ?? this.field.labels[0]?.textContent ?? say("choose");
  }

  closed() {
    this.close = null;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-controls");
    this.field.removeAttribute("aria-activedescendant");
    this.show();
  }

  leave() {
    this.close?.();
    this.show();
  }

  search() {
    if (!this.close) this.open();
    this.fill(this.field.value);
    this.again(); // it may be shorter now
    this.mark(0);
  }

  fill(typed) {
    const words = typed.trim().toLowerCase();
    const fits = (one) => `${one.text} ${one.note ?? ""}`.toLowerCase().includes(words);
    const found = this.groups.map(({ label, options }) => ({ label, options: options.filter(fits) }));
    const drawn = found.filter(({ options }) => options.length > 0).map((one) => this.group(one));
    this.list.replaceChildren(...drawn.flat());
    this.rows = [...this.list.querySelectorAll("[role=option]")];
    this.list.hidden = this.rows.length === 0;
    this.nothing.textContent = this.list.hidden ? say("noResults") : "";
  }

  group({ label, options }) {
    const rows = options.map((one) => this.row(one));
    if (label === null) return rows;
    const title = el("div", { role: "presentation", class: "listbox-label" }, plain(label));
    return el("div", { role: "group", "aria-label": label }, title, rows);
  }

  row(one) {
    const props = {
      role: "option",
      id: newId("option"),
      class: "listbox-option",
      "aria-selected": String(one.value === this.value),
      data: { value: one.value },
      on: { click: () => this.choose(one.value) },
    };
    const note = one.note ? el("span", { class: "menu-note" }, plain(one.note)) : null;
    return el("div", props, el("span", {}, plain(one.text)), note);
  }

  /** Where Enter would choose; the list goes on at its other end. */
  mark(index) {
    if (this.rows.length === 0) {
      this.at = -1;
      this.field.removeAttribute("aria-activedescendant");
      return;
    }
    this.at = (index + this.rows.length) % this.rows.length;
    this.rows.forEach((row, number) => row.classList.toggle("at", number === this.at));
    this.field.setAttribute("aria-activedescendant", this.rows[this.at].id);
    this.rows[this.at].scrollIntoView({ block: "nearest" });
  }

  choose(value) {
    const other = value !== this.value;
    this.value = value;
    this.close?.();
    this.show();
    if (other) this.root.dispatchEvent(new Event("change", { bubbles: true }));
  }

  keydown(event) {
    if (event.isComposing) return; // Korean syllables are not finished yet
    if (event.metaKey || event.ctrlKey) return; // with these Enter sends the dialog
    const opens = ["ArrowDown", "ArrowUp", "Enter"].includes(event.key);
    if (!this.close && !opens) return;
    if (!this.close) this.openWhole();
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter") this.rows[this.at]?.click();
    else {
      const moves = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: this.rows.length - 1 };
      if (!(event.key in moves)) return;
      this.mark(moves[event.key]);
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
