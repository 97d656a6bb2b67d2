// The threads that the reader follows, the newest reply first; what is new in them stands out.

import { avatar } from "./avatar.js";
import { titleOf } from "./channel.js";
import { el, keyed } from "./dom.js";
import { authorOf, replyCount, summary } from "./message.js";
import { readerSign } from "./reader.js";
import { dateOf, lastTime } from "./time.js";
import { say } from "./words.js";

export class Threads {
  constructor({ go }) {
    this.go = go;
    this.title = el("h2", { class: "pane-title" });
    this.list = el("ol", { class: "thread-list", role: "list" });
    this.empty = el("p", { class: "quiet-words" });
    this.body = el("div", { class: "scroller", tabindex: 0, role: "region" }, this.empty, this.list);
    const head = el("header", { class: "pane-head" }, this.title);
    this.root = el("section", { class: "conversation threads" }, head, this.body);
  }

  /** As `GET /api/threads` tells them. */
  draw(threads) {
    this.title.textContent = say("threads");
    this.body.setAttribute("aria-label", say("threads"));
    this.empty.textContent = say("emptyThreads");
    this.empty.hidden = threads.length > 0;
    keyed(
      this.list,
      threads.map((one) => ({
        key: one.message.ts,
        sign: JSON.stringify([one, readerSign()]),
        make: () => this.row(one),
      })),
    );
  }

  row({ channel, message, unread }) {
    const open = () => this.go({ channel, thread: message.ts }, { back: true });
    const words = el(
      "span",
      { class: "thread-words" },
      el("span", { class: "hint" }, titleOf(channel)),
      el("span", { class: "thread-first" }, el("strong", {}, authorOf(message)), ` ${summary(message)}`),
      el(
        "span",
        { class: "thread-foot" },
        replyCount(message.reply_count, unread),
        el("span", { class: "hint" }, lastTime(dateOf(message.latest_reply))),
      ),
    );
    const props = {
      type: "button",
      class: unread ? "thread-row unread" : "thread-row",
      data: { keep: `thread-${message.ts}` },
      on: { click: open },
    };
    return el("li", {}, el("button", props, avatar(message.user), words));
  }
}
