// The conversation in the middle: a channel, or what the app and one person say to each other.

import { appHead } from "./app.js";
import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { appIcon, icon } from "./icons.js";
import { BOT, reader } from "./reader.js";
import { Stream } from "./stream.js";
import { say } from "./words.js";

export const titleOf = (name) => (name === "dm" ? BOT.realName : `#${name}`);

export class Channel {
  constructor({ acts, go }) {
    this.acts = acts;
    this.go = go;
    this.head = el("header", { class: "pane-head" });
    this.stream = new Stream();
    this.composer = new Composer(
      "channel",
      (text) => acts.send(text, this.name),
      () => shortcuts(acts),
    );
    this.root = el("section", { class: "conversation" }, this.head, this.stream.root, this.composer.root);
    this.name = "";
  }

  draw({ row, messages, notes, unreadFrom }) {
    const title = titleOf(row.name);
    this.name = row.name;
    this.root.setAttribute("aria-label", title);
    this.head.replaceChildren(...(row.name === "dm" ? appHead("dm", this.go) : channelHead(row)));
    const shown = [
      ...messages.filter((one) => !one.thread_ts || one.broadcast),
      ...notes.filter((one) => !one.thread_ts),
    ];
    this.stream.draw({
      subject: `${reader.key}|${row.name}`,
      label: `${say("messages")}, ${title}`,
      messages: shown.toSorted((a, b) => (a.ts < b.ts ? -1 : 1)),
      scene: {
        channel: row.name,
        inThread: false,
        acts: this.acts,
        openThread: (ts) => this.go({ thread: ts }, { back: true }),
      },
      lead: [beginning(row)],
      unreadFrom,
    });
    this.composer.draw(`${reader.key}|${row.name}`, say("message", { name: title }));
  }
}

export function shortcuts(acts) {
  return [{ label: "New workspace", note: BOT.realName, choose: () => acts.newWorkspace() }];
}

function channelHead(row) {
  return [
    el("h2", { class: "pane-title" }, icon(row.private ? "lock" : "hash", 17), row.name),
    el("span", { class: "pane-note" }, say("members", { n: row.members })),
  ];
}

function beginning(row) {
  if (row.name === "dm")
    return el(
      "div",
      { class: "beginning" },
      el("span", { class: "big-icon" }, appIcon()),
      el("p", {}, say("emptyDm", { name: BOT.realName }), " ", say("alsoIn")),
    );
  return el("div", { class: "beginning" }, el("p", {}, say("emptyChannel", { name: `#${row.name}` })));
}
