// The side bar: the team, its channels, and the app, with what is unread.

import { el, keyed } from "./dom.js";
import { appIcon, icon } from "./icons.js";
import { BOT } from "./reader.js";
import { say } from "./words.js";

export class Sidebar {
  constructor({ go }) {
    this.go = go;
    this.team = el("div", { class: "team" });
    this.threads = el("ul", { class: "side-list", role: "list" });
    this.channelsTitle = el("h2", { class: "side-title" });
    this.channels = el("ul", { class: "side-list", role: "list" });
    this.appsTitle = el("h2", { class: "side-title" });
    this.apps = el("ul", { class: "side-list", role: "list" });
    this.root = el(
      "nav",
      { class: "sidebar", id: "sidebar", on: { keydown: (event) => this.keydown(event) } },
      this.team,
      this.threads,
      this.channelsTitle,
      this.channels,
      this.appsTitle,
      this.apps,
    );
  }

  /** `news`: how many threads have new replies. */
  draw({ team, channels, news, at, online }) {
    this.root.setAttribute("aria-label", say("navigation"));
    this.team.textContent = team;
    this.channelsTitle.textContent = say("channels");
    this.appsTitle.textContent = say("apps");
    const threads = { name: "threads", unread: news, mentions: news };
    keyed(this.threads, [this.row(threads, at, icon("reply", 16), say("threads"))]);
    keyed(
      this.channels,
      channels
        .filter((one) => one.name !== "dm")
        .map((one) => this.row(one, at, icon(one.private ? "lock" : "hash", 16), one.name)),
    );
    const dm = channels.filter((one) => one.name === "dm");
    const picture = () =>
      el(
        "span",
        { class: "side-icon" },
        appIcon(),
        el("span", {
          class: online ? "presence online" : "presence",
          title: say(online ? "online" : "away"),
        }),
      );
    keyed(
      this.apps,
      dm.map((one) =>
        this.row(one, ["dm", "home", "about"].includes(at) ? "dm" : at, picture(), BOT.realName, online),
      ),
    );
  }

  row(one, at, picture, title, online = null) {
    const here = one.name === at;
    const unread = here ? 0 : one.unread;
    const sign = JSON.stringify([here, unread, one.mentions, title, online, say("channels")]);
    const make = () => {
      const badge =
        unread && one.mentions ? el("span", { class: "count", "aria-hidden": "true" }, one.mentions) : null;
      const heard = unread
        ? el(
            "span",
            { class: "visually-hidden" },
            `, ${one.mentions ? say("unread", { n: one.mentions }) : say("unreadSome")}`,
          )
        : null;
      const props = {
        type: "button",
        class: unread ? "side-row unread" : "side-row",
        "aria-current": here ? "page" : null,
        data: { keep: `side-${one.name}` },
      };
      const open = () => this.go({ channel: one.name, thread: "", show: "slack" }, { back: true });
      return el(
        "li",
        {},
        el(
          "button",
          { ...props, on: { click: open } },
          picture,
          el("span", { class: "side-name" }, title),
          heard,
          badge,
        ),
      );
    };
    return { key: one.name, sign, make };
  }

  keydown(event) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const all = [...this.root.querySelectorAll(".side-row")];
    const at = all.indexOf(document.activeElement);
    all[(at + (event.key === "ArrowUp" ? -1 : 1) + all.length) % all.length]?.focus();
    event.preventDefault();
  }
}
