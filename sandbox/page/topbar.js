// Above all: who looks, in which language and light, and whether bot and sandbox are there.

import { avatar } from "./avatar.js";
import { botWords } from "./botstate.js";
import { el, keyed } from "./dom.js";
import { icon } from "./icons.js";
import { THEMES } from "./place.js";
import { reader } from "./reader.js";
import { say } from "./words.js";

const LOCALES = [
  ["en-US", "English"],
  ["ko-KR", "한국어"],
];

export class Topbar {
  constructor({ go, setLocale, toggleDrawer }) {
    this.go = go;
    this.menu = el(
      "button",
      {
        type: "button",
        class: "tool drawer-button",
        "aria-controls": "sidebar",
        "aria-expanded": "false",
        on: { click: toggleDrawer },
      },
      icon("menu"),
    );
    this.people = el("div", {
      class: "people",
      role: "radiogroup",
      on: { keydown: (event) => this.keydown(event) },
    });
    this.person = el("select", {
      class: "bar-select person-select",
      on: { change: () => go({ as: this.person.value, thread: "" }) },
    });
    this.language = el("select", {
      class: "bar-select",
      on: { change: () => setLocale(this.language.value) },
    });
    this.theme = el("select", { class: "bar-select", on: { change: () => go({ theme: this.theme.value }) } });
    this.bot = el("button", {
      type: "button",
      class: "bot-state",
      on: { click: () => go({ pane: "faults", show: "pane" }) },
    });
    this.right = el("div", { class: "bar-right" }, this.bot, this.language, this.theme);
    this.root = el("header", { class: "topbar" }, this.menu, this.people, this.person, this.right);
  }

  draw({ theme, bot, drawer }) {
    this.menu.setAttribute("aria-label", say("menu"));
    this.menu.setAttribute("aria-expanded", String(drawer));
    this.people.setAttribute("aria-label", say("asWho"));
    keyed(
      this.people,
      reader.people.map((one) => this.choice(one)),
    );
    options(
      this.person,
      say("nameChoose"),
      reader.people.map((one) => [one.key, one.real_name]),
      reader.key,
    );
    options(this.language, say("language"), LOCALES, reader.locale);
    options(
      this.theme,
      say("theme"),
      THEMES.map((one) => [one, say(`theme${one[0].toUpperCase()}${one.slice(1)}`)]),
      theme,
    );
    const words = botWords(bot);
    this.bot.className = `bot-state ${bot}`;
    this.bot.replaceChildren(
      el("span", { class: "dot", "aria-hidden": "true" }),
      el("span", { class: "bot-words" }, words),
    );
    this.bot.setAttribute("aria-label", words);
    this.bot.title = words;
  }

  choice(one) {
    const mine = one.key === reader.key;
    const make = () =>
      el(
        "button",
        {
          type: "button",
          role: "radio",
          class: "person",
          "aria-checked": String(mine),
          tabindex: mine ? 0 : -1,
          title: one.real_name,
          data: { keep: `person-${one.key}`, person: one.key },
          on: { click: () => this.go({ as: one.key, thread: "" }) },
        },
        avatar(one.id, "small"),
        el(
          "span",
          { class: "person-words" },
          el("span", { class: "person-name" }, one.real_name),
          el("span", { class: "person-role" }, say(one.key)),
        ),
      );
    return { key: one.key, sign: `${mine}|${say(one.key)}`, make };
  }

  keydown(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = reader.people;
    const at = all.findIndex((one) => one.key === event.target.dataset.person);
    const next = all[(at + step + all.length) % all.length];
    event.preventDefault();
    [...this.people.children].find((one) => one.dataset.person === next.key)?.focus();
    this.go({ as: next.key, thread: "" });
  }
}

function options(select, label, list, value) {
  select.setAttribute("aria-label", label);
  select.title = label;
  const sign = JSON.stringify(list);
  if (select.dataset.sign !== sign) {
    select.dataset.sign = sign;
    select.replaceChildren(...list.map(([key, words]) => el("option", { value: key }, words)));
  }
  select.value = value;
}
