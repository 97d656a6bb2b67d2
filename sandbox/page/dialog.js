// The dialog on top: drawn from its view, what is typed stays when the app draws it anew.

import { drawBlock } from "./blocks.js";
import { el, newId } from "./dom.js";
import { appIcon, icon } from "./icons.js";
import { readerSign } from "./reader.js";
import { slackSays } from "./slack.js";
import { say } from "./words.js";

export class Dialog {
  constructor(acts) {
    this.acts = acts;
    this.title = newId("dialog");
    this.root = el("dialog", {
      class: "modal",
      "aria-labelledby": this.title,
      on: { cancel: (event) => this.cancel(event) },
    });
    this.view = null;
    this.sign = "";
    this.typed = new Map(); // by view id: what stands in each input
    this.busy = false;
    this.trouble = "";
  }

  draw(view) {
    if (view === null) {
      if (this.root.open) this.root.close();
      this.view = null;
      this.sign = "";
      this.typed.clear();
      this.trouble = "";
      return;
    }
    const sign = JSON.stringify([view, readerSign(), this.busy, this.trouble]);
    if (sign === this.sign) return;
    const fresh = this.view?.id !== view.id;
    const opening = !this.root.open;
    this.keepTyped();
    const wrong = fresh || JSON.stringify(view.errors) !== JSON.stringify(this.view.errors);
    const focus = fresh ? null : this.focused();
    this.view = view;
    this.sign = sign;
    this.root.replaceChildren(this.form(view));
    if (opening) this.root.showModal();
    if (Object.keys(view.errors).length > 0 && wrong) this.focusOn({ block: Object.keys(view.errors)[0] });
    else if (focus) this.focusOn(focus);
    else this.focusFirst();
  }

  /** Only what a person may change in the dialog: its inputs, by block. */
  values() {
    return Object.fromEntries(
      [...this.root.querySelectorAll(".field")]
        .map((field) => [field.dataset.block, field.input.readValue()])
        .filter(([, value]) => value !== undefined),
    );
  }

  keepTyped() {
    if (this.view !== null && this.root.open) this.typed.set(this.view.id, this.values());
  }

  focused() {
    const active = document.activeElement;
    if (!this.root.contains(active)) return null;
    const block = active.closest("[data-block]")?.dataset.block;
    const range = active.matches("input[type=text], textarea")
      ? [active.selectionStart, active.selectionEnd]
      : null;
    return { block, keep: active.dataset.keep, range };
  }

  focusOn({ block, keep, range }) {
    const field = [...this.root.querySelectorAll("[data-block]")].find((one) => one.dataset.block === block);
    const target = field
      ? field.input.matches("input, textarea")
        ? field.input
        : field.input.querySelector("input")
      : null;
    const other = [...this.root.querySelectorAll("[data-keep]")].find((one) => one.dataset.keep === keep);
    (target ?? other ?? this.root.querySelector(".modal-buttons button:last-child"))?.focus();
    if (target && range) target.setSelectionRange(...range);
  }

  focusFirst() {
    const first =
      this.root.querySelector("[autofocus]") ?? this.root.querySelector(".field input, .field textarea");
    (first ?? this.root.querySelector(".modal-buttons button:last-child") ?? this.root).focus();
  }

  form(view) {
    const submit = (event) => {
      event.preventDefault();
      this.submit();
    };
    return el(
      "form",
      { class: "modal-form", novalidate: true, on: { submit, keydown: (event) => this.keydown(event) } },
      this.head(view),
      this.body(view),
      this.buttons(view),
    );
  }

  head(view) {
    const close = () => this.acts.close(view);
    const back = view.previous_view_id
      ? el(
          "button",
          { type: "button", class: "tool", "aria-label": say("back"), on: { click: close } },
          icon("back"),
        )
      : null;
    return el(
      "div",
      { class: "modal-head" },
      back,
      el("span", { class: "modal-icon" }, appIcon()),
      el("h2", { class: "modal-title", id: this.title }, view.title.text),
      el(
        "button",
        { type: "button", class: "tool", "aria-label": say("close"), on: { click: close } },
        icon("close"),
      ),
    );
  }

  body(view) {
    const typed = this.typed.get(view.id) ?? {};
    const surface = {
      press: (element, value) => this.press(view, element, value),
      entry: (block, element) =>
        block.block_id in typed
          ? standing(typed[block.block_id])
          : view.state.values[block.block_id]?.[element.action_id],
      error: (block) => view.errors[block] ?? null,
    };
    const trouble = this.trouble
      ? el("p", { class: "alert error", role: "alert" }, icon("alert"), this.trouble)
      : null;
    return el(
      "div",
      { class: "modal-body", tabindex: view.submit ? null : 0 },
      trouble,
      view.blocks.map((block) => drawBlock(block, surface)),
    );
  }

  buttons(view) {
    if (!view.submit && !view.close) return null;
    const close = () => this.acts.close(view);
    return el(
      "div",
      { class: "modal-buttons" },
      el(
        "button",
        { type: "button", class: "button", on: { click: close } },
        view.close?.text ?? say("cancel"),
      ),
      view.submit
        ? el(
            "button",
            {
              type: "submit",
              class: "button primary",
              "aria-busy": this.busy ? "true" : null,
              disabled: this.busy,
            },
            view.submit.text,
          )
        : null,
    );
  }

  async press(view, element, value) {
    this.keepTyped();
    const fields = { ...this.values() };
    await this.acts.press({ view_id: view.id, values: fields }, element, value);
  }

  keydown(event) {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      this.submit();
    }
  }

  async submit() {
    if (this.busy || !this.view?.submit) return;
    const view = this.view;
    this.set({ busy: true, trouble: "" });
    try {
      const seen = await this.acts.submit(view, this.values());
      this.set({ busy: false, trouble: slackSays(seen.error ?? "") });
    } catch (error) {
      this.set({ busy: false, trouble: error.message });
    }
  }

  set(change) {
    Object.assign(this, change);
    if (this.view !== null) this.draw(this.view);
  }

  cancel(event) {
    event.preventDefault();
    if (this.view !== null) this.acts.close(this.view);
  }
}

/** What was typed as an entry of Slack's state, whatever the input. */
function standing(value) {
  const names = [
    "date",
    "time",
    "date_time",
    "option",
    "options",
    "user",
    "users",
    "conversation",
    "conversations",
    "channel",
    "channels",
  ];
  return Object.fromEntries([["value", value], ...names.map((name) => [`selected_${name}`, value])]);
}
