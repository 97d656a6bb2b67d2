// What went between Slack and the bot, and what was changed outside, as it was: newest first.

import { el, keyed } from "./dom.js";
import { reader } from "./reader.js";
import { stamp } from "./time.js";
import { say } from "./words.js";

const KEPT = 2000;
const SHOWN = 250;
const KINDS = [
  "act",
  "envelope",
  "ack",
  "no ack",
  "call",
  "response_url",
  "request",
  "shown",
  "socket",
  "write",
];

export class Traffic {
  constructor() {
    this.entries = [];
    this.about = el("p", { class: "pane-about" });
    this.words = el("input", { type: "search", class: "text-input", on: { input: () => this.draw() } });
    this.kind = el("select", { class: "select", on: { change: () => this.draw() } });
    this.list = el("ol", { class: "rows", role: "list" });
    this.empty = el("p", { class: "quiet-words" });
    this.root = el(
      "div",
      { class: "traffic" },
      this.about,
      el("div", { class: "filters" }, this.words, this.kind),
      this.empty,
      this.list,
    );
  }

  /** Entries of the journal, or of the writes with kind "write". */
  add(entries) {
    const before = new Set(this.entries.map(keyOf));
    this.entries.push(...entries.filter((one) => !before.has(keyOf(one))));
    this.entries = this.entries.toSorted((a, b) => a.time - b.time).slice(-KEPT);
  }

  draw() {
    this.about.textContent = say("trafficAbout");
    this.words.placeholder = say("typeFilter");
    this.words.setAttribute("aria-label", say("filter"));
    this.kind.setAttribute("aria-label", say("kinds"));
    if (this.kind.dataset.words !== say("everything")) {
      const chosen = this.kind.value;
      this.kind.dataset.words = say("everything");
      this.kind.replaceChildren(
        el("option", { value: "" }, say("everything")),
        ...KINDS.map((one) => el("option", { value: one }, one)),
      );
      this.kind.value = chosen;
    }
    const shown = this.matching();
    this.empty.textContent = shown.length === 0 ? say("emptyTraffic") : "";
    this.empty.hidden = shown.length > 0;
    keyed(
      this.list,
      shown.map((one) => ({ key: keyOf(one), sign: reader.zone, make: () => row(one) })),
    );
  }

  matching() {
    const words = this.words.value.toLowerCase();
    const kind = this.kind.value;
    const fits = (one) =>
      (kind === "" || one.kind === kind) &&
      (words === "" || JSON.stringify(one).toLowerCase().includes(words));
    return this.entries.filter(fits).slice(-SHOWN).reverse();
  }
}

const keyOf = (one) => `${one.kind === "write" ? "w" : "j"}${one.number}`;

function row(one) {
  const wrong = one.answer?.ok === false || one.kind === "no ack" || one.struck;
  const { number, time, kind, method, ...rest } = one;
  const box = el(
    "details",
    { class: "row" },
    el(
      "summary",
      {},
      el("time", { class: "row-time" }, stamp(time)),
      el("span", { class: `row-kind kind-${kind.replace(/\W/g, "-")}` }, kind),
      el("span", { class: wrong ? "row-method wrong" : "row-method" }, method ?? one.call),
      el("span", { class: "row-note" }, note(one)),
    ),
  );
  // Thousands of rows stand here; what is in one is written out when it is opened.
  box.addEventListener("toggle", () => {
    if (box.open && box.children.length === 1)
      box.append(el("pre", { class: "json", tabindex: 0 }, JSON.stringify({ number, ...rest }, null, 2)));
  });
  return el("li", {}, box);
}

function note(one) {
  if (one.kind === "write") return one.resource;
  const said = one.arguments ?? {};
  const text = said.text ?? said.action_id ?? said.callback_id ?? said.user ?? "";
  const wrong = one.answer?.ok === false ? one.answer.error : "";
  return [wrong, one.person, typeof text === "string" ? text : ""].filter(Boolean).join(" · ").slice(0, 160);
}
