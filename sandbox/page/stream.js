// A list of messages that grows: it keeps its nodes, its place, and stays at the end if it was there.

import { el, keyed } from "./dom.js";
import { icon } from "./icons.js";
import { authorOf, drawMessage, summary } from "./message.js";
import { reader, readerSign } from "./reader.js";
import { dateOf, dayKey, dayTitle } from "./time.js";
import { say } from "./words.js";

const TOGETHER = 300; // seconds within which messages of one author stand together
const NEAR = 80; // pixels from the end that still count as the end

export class Stream {
  constructor() {
    this.list = el("ol", { class: "messages", role: "list" });
    this.before = el("div", { class: "before" });
    this.jump = el(
      "button",
      { type: "button", class: "jump", hidden: true, on: { click: () => this.toEnd() } },
      icon("down", 15),
      el("span"),
    );
    this.scroller = el(
      "div",
      {
        class: "scroller",
        tabindex: 0,
        role: "region",
        on: { keydown: (event) => this.keydown(event), scroll: () => this.scrolled() },
      },
      this.before,
      this.list,
    );
    this.spoken = el("div", { class: "visually-hidden", "aria-live": "polite" });
    this.root = el("div", { class: "stream" }, this.scroller, this.jump, this.spoken);
    this.subject = null;
    this.last = "";
    this.end = true;
    const sizes = new ResizeObserver(() => this.end && this.toEnd());
    sizes.observe(this.scroller);
    sizes.observe(this.list);
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  /**
   * `subject` names what is listed; another one begins at its end. `lead`: nodes above all; `unreadFrom`: the
   * ts after which messages are new, null for none; `parent`: the first message stands apart, as in a thread.
   */
  draw({ subject, label, messages, scene, lead = [], unreadFrom = null, parent = false }) {
    const other = subject !== this.subject;
    const stay = other || this.atEnd;
    this.subject = subject;
    this.scroller.setAttribute("aria-label", label);
    this.before.replaceChildren(...lead);
    keyed(this.list, rows(messages, scene, { unreadFrom, parent, subject }));
    this.jump.lastChild.textContent = say("jump");
    const newest = messages.at(-1)?.ts ?? "";
    if (!other && newest > this.last) this.tell(messages.filter((one) => one.ts > this.last));
    this.last = newest;
    this.end = stay;
    if (stay) this.toEnd();
    else this.scrolled();
  }

  /** Bring one message into sight, and show which; whether it is there. */
  find(ts) {
    const found = [...this.list.querySelectorAll(".message")].find((one) => one.dataset.ts === ts);
    if (!found) return false;
    this.end = false;
    found.scrollIntoView({ block: "start" });
    this.scroller.scrollTop -= 48; // the name of the day stands above
    found.classList.add("found");
    found.focus({ preventScroll: true });
    return true;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.size = `${this.scroller.scrollHeight}|${this.scroller.clientHeight}`;
    this.end = true;
    this.jump.hidden = true;
  }

  /** Told by the reader's hand; where the list or its frame only changed its size, the end stays in sight. */
  scrolled() {
    const size = `${this.scroller.scrollHeight}|${this.scroller.clientHeight}`;
    if (this.end && size !== this.size) {
      this.toEnd();
      return;
    }
    this.end = this.atEnd;
    this.jump.hidden = this.end;
  }

  tell(fresh) {
    const others = fresh.filter((one) => one.user !== reader.id).slice(-3);
    if (others.length > 0)
      this.spoken.replaceChildren(...others.map((one) => el("p", {}, `${authorOf(one)}: ${summary(one)}`)));
  }

  /** Up and down go from message to message. */
  keydown(event) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    if (event.target.closest("input, textarea, [role=menu]")) return;
    const all = [...this.list.querySelectorAll(".message")];
    const at = all.indexOf(event.target.closest(".message"));
    const to = at < 0 ? all.length - 1 : at + (event.key === "ArrowUp" ? -1 : 1);
    if (!all[to]) return;
    event.preventDefault();
    all[to].focus();
    all[to].scrollIntoView({ block: "nearest" });
  }
}

function rows(messages, scene, { unreadFrom, parent, subject }) {
  const found = [];
  let before = null;
  let marked = unreadFrom === null;
  messages.forEach((message, index) => {
    const day = dayKey(dateOf(message.ts));
    const apart = parent && index === 1;
    if (!parent && (before === null || dayKey(dateOf(before.ts)) !== day)) {
      const title = dayTitle(dateOf(message.ts));
      // The line stays where the day begins, its name stays in sight.
      found.push({
        key: `rule-${day}`,
        sign: "",
        make: () => el("li", { class: "rule", role: "presentation" }),
      });
      found.push({ key: `day-${day}`, sign: title, make: () => divider("day", title) });
      before = null;
    }
    if (apart) {
      const count = messages.length === 2 ? say("replyOne") : say("replies", { n: messages.length - 1 });
      found.push({ key: "replies", sign: count, make: () => divider("count", count) });
      before = null;
    }
    if (!marked && message.ts > unreadFrom && message.user !== reader.id) {
      marked = true;
      found.push({ key: "new", sign: say("newMessages"), make: () => divider("new", say("newMessages")) });
      before = null;
    }
    const grouped = together(before, message);
    const sign = JSON.stringify([message, grouped, readerSign(), scene.inThread]);
    found.push({ key: `${subject}|${message.ts}`, sign, make: () => drawMessage(message, scene, grouped) });
    before = message;
  });
  return found;
}

function together(before, message) {
  if (before === null || before.user !== message.user) return false;
  if (before.ephemeral || message.ephemeral) return false;
  return Number(message.ts) - Number(before.ts) < TOGETHER;
}

function divider(kind, words) {
  return el("li", { class: `line line-${kind}` }, el("span", {}, words));
}
