// Where one writes: completion of commands and mentions, Enter sends, Shift+Enter makes a new line.

import { complete } from "./completion.js";
import { el, newId } from "./dom.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { BOT } from "./reader.js";
import { say } from "./words.js";

export class Composer {
  /** `send(text)` answers whether it was taken; `shortcuts()` are the items of the menu at the plus. */
  constructor(kind, send, shortcuts) {
    this.send = send;
    this.drafts = new Map();
    this.subject = null;
    const list = newId("completion");
    const aria = { "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": list };
    this.text = el("textarea", {
      class: "composer-text",
      rows: 1,
      id: `composer-${kind}`,
      ...aria,
      on: {
        keydown: (event) => this.keydown(event),
        input: () => this.changed(),
        blur: () => this.offer([]),
      },
    });
    this.list = el("ul", { id: list, role: "listbox", class: "completion", hidden: true });
    this.sender = el(
      "button",
      { type: "button", class: "tool send", disabled: true, on: { click: () => this.submit() } },
      icon("send"),
    );
    this.plus = menuButton({ class: "tool" }, "+", shortcuts);
    this.at = el(
      "button",
      { type: "button", class: "tool", on: { click: () => this.insert(`@${BOT.name} `) } },
      icon("at"),
    );
    this.hint = el("span", { class: "composer-hint" });
    this.box = el(
      "div",
      { class: "composer-box" },
      this.text,
      el("div", { class: "composer-tools" }, this.plus, this.at, this.hint, this.sender),
    );
    this.root = el("div", { class: "composer" }, this.list, this.box);
  }

  /** `subject` tells drafts apart; `label` is what stands there while it is empty. */
  draw(subject, label) {
    if (subject !== this.subject) {
      if (this.subject !== null) this.drafts.set(this.subject, this.text.value);
      this.subject = subject;
      this.text.value = this.drafts.get(subject) ?? "";
      this.changed();
      this.offer([]);
    }
    this.text.placeholder = label;
    this.text.setAttribute("aria-label", label);
    this.hint.textContent = say("sendHint");
    for (const [node, word] of [
      [this.sender, "send"],
      [this.plus, "commands"],
      [this.at, "mention"],
    ]) {
      node.setAttribute("aria-label", say(word));
      node.title = say(word);
    }
    this.list.setAttribute("aria-label", say("commands"));
  }

  keydown(event) {
    if (event.isComposing) return; // Korean syllables are not finished yet
    const open = !this.list.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.mark(this.chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (
      open &&
      (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !this.offered[this.chosen].whole))
    ) {
      this.take(this.offered[this.chosen]);
    } else if (open && event.key === "Escape") {
      this.offer([]);
    } else if (event.key === "Enter" && !event.shiftKey) {
      this.submit();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  changed() {
    this.sender.disabled = this.text.value.trim() === "";
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 200)}px`;
    this.offer(complete(this.text.value.slice(0, this.text.selectionStart)));
  }

  offer(found) {
    this.offered = found;
    this.list.hidden = found.length === 0;
    const rows = found.map((one, index) =>
      el(
        "li",
        {
          role: "option",
          id: `${this.list.id}-${index}`,
          "aria-selected": "false",
          on: { pointerdown: (event) => this.pick(event, one) },
        },
        el("span", { class: "offer" }, one.text.trim()),
        el("span", { class: "menu-note" }, one.note),
      ),
    );
    this.list.replaceChildren(...rows);
    if (found.length > 0) this.mark(0);
    else this.text.removeAttribute("aria-activedescendant");
  }

  mark(index) {
    const rows = [...this.list.children];
    this.chosen = (index + rows.length) % rows.length;
    rows.forEach((row, number) => row.setAttribute("aria-selected", String(number === this.chosen)));
    this.text.setAttribute("aria-activedescendant", rows[this.chosen].id);
    rows[this.chosen].scrollIntoView({ block: "nearest" });
  }

  pick(event, one) {
    event.preventDefault(); // the text keeps the focus
    this.take(one);
  }

  /** Put it where the word was that it completes. */
  take(one) {
    const at = this.text.selectionStart;
    this.text.setRangeText(one.text, at - one.typed.length, at, "end");
    this.changed();
  }

  insert(words) {
    this.text.focus();
    this.text.setRangeText(words, this.text.selectionStart, this.text.selectionEnd, "end");
    this.changed();
  }

  async submit() {
    const text = this.text.value.trim();
    if (text === "") return;
    const subject = this.subject;
    this.text.value = "";
    this.changed();
    if (!(await this.send(text)) && this.subject === subject && this.text.value === "") {
      this.text.value = text;
      this.changed();
    }
  }
}
