// The app's own page: its Home as it drew it, and what it is for.

import { drawBlock } from "./blocks.js";
import { el, keyed } from "./dom.js";
import { appIcon } from "./icons.js";
import { BOT, reader, readerSign } from "./reader.js";
import { say } from "./words.js";

const TABS = [
  ["home", "home"],
  ["dm", "messages"],
  ["about", "about"],
];

/** The app's name and its tabs. */
export function appHead(tab, go) {
  return [
    el("h2", { class: "pane-title" }, el("span", { class: "title-icon" }, appIcon()), BOT.realName),
    tabs(tab, go),
  ];
}

function tabs(tab, go) {
  const each = ([channel, word]) =>
    el(
      "button",
      {
        type: "button",
        class: "tab",
        "aria-current": channel === tab ? "page" : null,
        data: { keep: `tab-${channel}` },
        on: { click: () => go({ channel, thread: "" }, { back: true }) },
      },
      say(word),
    );
  return el("nav", { class: "tabs", "aria-label": BOT.realName }, TABS.map(each));
}

export class AppPage {
  constructor({ acts, go }) {
    this.acts = acts;
    this.go = go;
    this.head = el("header", { class: "pane-head" });
    this.body = el("div", { class: "home-body" });
    this.root = el(
      "section",
      { class: "conversation" },
      this.head,
      el("div", { class: "scroller home", tabindex: 0, role: "region" }, this.body),
    );
  }

  /** `tab`: home or about; `view` is the Home that the app drew, or null. */
  draw(tab, view) {
    this.root.setAttribute("aria-label", BOT.realName);
    this.root.lastChild.setAttribute("aria-label", say(tab));
    this.head.replaceChildren(...appHead(tab, this.go));
    const rows = tab === "about" || view === null ? this.words(tab) : this.blocks(view);
    keyed(this.body, rows);
  }

  words(tab) {
    const text = tab === "about" ? say("aboutApp") : say("emptyHome");
    return [{ key: tab, sign: text, make: () => el("p", { class: "quiet-words" }, text) }];
  }

  blocks(view) {
    const surface = {
      press: (element, value) => this.acts.press({ view_id: view.id }, element, value),
      entry: (block, element) => view.state.values[block.block_id]?.[element.action_id],
    };
    return view.blocks.map((block, index) => {
      const { block_id, ...looks } = block; // ids that the app did not give are new at each drawing
      const sign = JSON.stringify([looks, view.id, readerSign(), reader.key]);
      return { key: `${view.id}|${index}`, sign, make: () => drawBlock(block, surface) };
    });
  }
}
