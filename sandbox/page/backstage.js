// The pane beside Slack: the world, the traffic, the faults.

import { el } from "./dom.js";
import { Faults } from "./faults.js";
import { icon } from "./icons.js";
import { PANES } from "./place.js";
import { Traffic } from "./traffic.js";
import { say } from "./words.js";
import { World } from "./world.js";

const ICONS = { world: "world", traffic: "traffic", faults: "bolt" };

export class Backstage {
  constructor({ go, changed }) {
    this.go = go;
    this.parts = { world: new World(), traffic: new Traffic(), faults: new Faults(changed) };
    this.tabs = el("div", {
      class: "pane-tabs",
      role: "tablist",
      on: { keydown: (event) => this.keydown(event) },
    });
    this.body = el("div", { class: "pane-body", id: "pane-body", role: "tabpanel", tabindex: 0 });
    this.buttons = Object.fromEntries(PANES.map((name) => [name, this.tab(name)]));
    this.hide = el(
      "button",
      { type: "button", class: "tool hide-pane", on: { click: () => go({ pane: "none" }) } },
      icon("close"),
    );
    this.title = el("h2", { class: "visually-hidden" });
    this.tabs.append(...Object.values(this.buttons));
    this.root = el(
      "section",
      { class: "backstage" },
      this.title,
      el("div", { class: "pane-bar" }, this.tabs, this.hide),
      this.body,
    );
  }

  tab(name) {
    return el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        class: "pane-tab",
        "aria-controls": "pane-body",
        on: { click: () => this.go({ pane: name, show: "pane" }) },
      },
      icon(ICONS[name], 16),
      el("span"),
    );
  }

  keydown(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = PANES.indexOf(event.target.id.replace("tab-", ""));
    const next = PANES[(at + step + PANES.length) % PANES.length];
    this.go({ pane: next });
    this.buttons[next].focus();
  }

  draw(pane, data) {
    this.root.setAttribute("aria-label", say("pane"));
    this.title.textContent = say("pane");
    this.tabs.setAttribute("aria-label", say("pane"));
    this.hide.setAttribute("aria-label", say("hide"));
    for (const [name, button] of Object.entries(this.buttons)) {
      button.lastChild.textContent = say(name);
      button.setAttribute("aria-selected", String(name === pane));
      button.tabIndex = name === pane ? 0 : -1;
    }
    const part = this.parts[pane];
    if (!part) return;
    this.body.setAttribute("aria-labelledby", `tab-${pane}`);
    if (this.body.firstChild !== part.root) this.body.replaceChildren(part.root);
    if (pane === "world") part.draw(data.world, data.writes);
    else if (pane === "traffic") part.draw();
    else part.draw(data.faults, data.bot);
  }
}
