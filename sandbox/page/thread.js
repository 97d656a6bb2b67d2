// The panel of one thread.

import { shortcuts, titleOf } from "./channel.js";
import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { reader } from "./reader.js";
import { Stream } from "./stream.js";
import { say } from "./words.js";

export class Thread {
  constructor({ acts, go }) {
    this.acts = acts;
    this.go = go;
    this.title = el("h2", { class: "pane-title" });
    this.note = el("span", { class: "pane-note" });
    this.closer = el(
      "button",
      { type: "button", class: "tool", on: { click: () => this.close() } },
      icon("close"),
    );
    this.stream = new Stream();
    this.composer = new Composer(
      "thread",
      (text) => acts.send(text, this.channel, this.ts),
      () => shortcuts(acts),
    );
    const head = el("header", { class: "pane-head" }, this.title, this.note, this.closer);
    this.root = el(
      "section",
      { class: "thread", hidden: true, on: { keydown: (event) => this.keydown(event) } },
      head,
      this.stream.root,
      this.composer.root,
    );
    this.ts = "";
  }

  keydown(event) {
    if (event.key === "Escape" && !event.defaultPrevented) this.close();
  }

  close() {
    this.go({ thread: "" });
  }

  draw({ row, ts, messages, notes, unreadFrom }) {
    const opened = ts !== "" && ts !== this.ts;
    const shown = [...messages, ...notes]
      .filter((one) => one.ts === ts || one.thread_ts === ts)
      .toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
    this.channel = row.name;
    this.ts = shown.some((one) => one.ts === ts) ? ts : "";
    this.root.hidden = this.ts === "";
    if (this.root.hidden) return;
    this.root.setAttribute("aria-label", say("thread"));
    this.title.textContent = say("thread");
    this.note.textContent = titleOf(row.name);
    this.closer.setAttribute("aria-label", say("closePanel"));
    this.stream.draw({
      subject: `${reader.key}|${ts}`,
      label: `${say("messages")}, ${say("thread")}`,
      messages: shown,
      scene: { channel: row.name, inThread: true, acts: this.acts, openThread: () => {} },
      unreadFrom,
      parent: true,
    });
    this.composer.draw(`${reader.key}|${ts}`, say("reply"));
    if (opened) this.composer.text.focus({ preventScroll: true });
  }
}
