// The page: where one is, what is fetched for that, and what draws it.

import { Acts, Notes } from "./acts.js";
import { api, Refused } from "./api.js";
import { AppPage } from "./app.js";
import { Backstage } from "./backstage.js";
import { Channel } from "./channel.js";
import { Dialog } from "./dialog.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { Follower, Soon } from "./live.js";
import { PANES, Place } from "./place.js";
import { readAs, reader } from "./reader.js";
import { Sidebar } from "./sidebar.js";
import { Thread } from "./thread.js";
import { Threads } from "./threads.js";
import { Topbar } from "./topbar.js";
import { say } from "./words.js";

const HISTORY = 400; // entries of the journal that the traffic begins with
const LATER = [3_000, 9_000]; // milliseconds after the last event
const APP = ["home", "about"];
const APART = [...APP, "threads"]; // places without messages of their own

class Page {
  constructor() {
    this.place = new Place(() => this.moved());
    const go = (change, how) => this.place.go(change, how);
    this.soon = new Soon(() => this.look());
    const look = () => this.soon.wish();
    this.notes = new Notes();
    this.acts = new Acts(look, this.notes);
    this.topbar = new Topbar({
      go,
      setLocale: (locale) => this.setLocale(locale),
      toggleDrawer: () => this.toggleDrawer(),
    });
    this.sidebar = new Sidebar({ go });
    this.channel = new Channel({ acts: this.acts, go });
    this.app = new AppPage({ acts: this.acts, go });
    this.threads = new Threads({ go });
    this.thread = new Thread({ acts: this.acts, go });
    this.backstage = new Backstage({ go, changed: look });
    this.dialog = new Dialog(this.acts);
    this.trouble = el("div", { class: "lost", role: "status" });
    this.middle = el("div", { class: "middle" });
    this.shade = el("div", { class: "shade", on: { click: () => this.toggleDrawer(false) } });
    this.paneButton = el(
      "button",
      { type: "button", class: "tool pane-button", on: { click: () => this.togglePane() } },
      icon("world"),
    );
    this.bottom = el("nav", { class: "bottom" });
    this.topbar.right.prepend(this.paneButton);
    const main = el("main", { class: "main" }, this.middle, this.thread.root, this.backstage.root);
    this.frame = el("div", { class: "frame" }, this.sidebar.root, this.shade, main);
    this.topbar.root.prepend(el("h1", { class: "visually-hidden" }, "Workspace Bot sandbox"));
    document.body.append(this.topbar.root, this.trouble, this.frame, this.bottom, this.dialog.root);
    this.unreadFrom = { subject: "", ts: null };
    this.newReplies = { subject: "", ts: null, read: "" };
    this.visited = "";
    this.writes = [];
    this.later = [];
    this.journal = new Follower(api.journal, {
      happened: (entries) => this.happened(entries),
      lost: (away) => this.lost(away),
    });
    this.changes = new Follower(api.writes, { happened: (entries) => this.wrote(entries), lost: () => {} });
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", () => this.light());
    addEventListener("keydown", (event) => event.key === "Escape" && this.leaveDrawer());
    document.addEventListener("visibilitychange", look);
  }

  async start() {
    try {
      const { next } = await api.journal("end", 0);
      const [{ entries }, { entries: writes }] = await Promise.all([
        api.journal(Math.max(0, next - HISTORY), 0),
        api.writes(0, 0),
      ]);
      this.backstage.parts.traffic.add(entries);
      this.wrote(writes);
      this.journal.start(next);
      this.changes.start(writes.at(-1)?.number ?? 0);
    } catch (error) {
      if (error instanceof Refused) return this.refused(error);
      this.lost(true);
      setTimeout(() => this.start(), 1500);
      return;
    }
    this.trouble.textContent = "";
    this.soon.wish();
  }

  moved() {
    this.toggleDrawer(false);
    this.light();
    this.soon.wish();
  }

  light() {
    const { theme } = this.place.now;
    const wished = this.dark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme === "system" ? wished : theme;
  }

  toggleDrawer(open = !this.frame.classList.contains("drawer")) {
    this.frame.classList.toggle("drawer", open);
    this.topbar.menu.setAttribute("aria-expanded", String(open));
    if (open) this.sidebar.root.querySelector("[aria-current], .side-row")?.focus();
  }

  leaveDrawer() {
    if (!this.frame.classList.contains("drawer")) return;
    this.toggleDrawer(false);
    this.topbar.menu.focus();
  }

  togglePane() {
    this.place.go({ pane: this.place.now.pane === "none" ? "world" : "none" });
  }

  async setLocale(locale) {
    await api.setLocale(reader.key, locale);
    this.visited = ""; // the Home is drawn in the new language at the next visit
    this.soon.wish();
  }

  happened(entries) {
    this.backstage.parts.traffic.add(entries);
    this.wish();
  }

  /** Look now, and when what was begun has come about: machines come some seconds after they were asked for. */
  wish() {
    this.soon.wish();
    this.later.forEach(clearTimeout);
    this.later = LATER.map((pause) => setTimeout(() => this.soon.wish(), pause));
  }

  wrote(entries) {
    const known = new Set(this.writes.map((one) => one.number));
    this.writes.push(...entries.filter((one) => !known.has(one.number)));
    this.backstage.parts.traffic.add(entries.map((one) => ({ kind: "write", method: one.call, ...one })));
    this.wish();
  }

  lost(away) {
    this.trouble.textContent = away ? say("lost") : "";
    if (away) return;
    this.writes = []; // it may be another one, with a world of its own
    api.writes(0, 0).then(
      ({ entries }) => this.wrote(entries),
      () => {},
    );
  }

  /** Fetch what the place shows, and draw it; what came too late for another place is thrown away. */
  async look() {
    const { as, channel, pane } = this.place.now;
    const at = `${as}|${channel}|${pane}`;
    const conversation = APART.includes(channel) ? "dm" : channel;
    try {
      readAs(as, await api.people());
      const [side, said, threads, view, home, bot, world, faults] = await Promise.all([
        api.channels(reader.key),
        api.channel(conversation, reader.key),
        api.threads(reader.key),
        api.view(reader.key),
        channel === "home" ? this.home() : null,
        api.bot(),
        pane === "world" ? api.world() : null,
        pane === "faults" ? api.faults() : null,
      ]);
      const now = this.place.now;
      if (at !== `${now.as}|${now.channel}|${now.pane}`) return this.soon.wish();
      reader.channels = new Map(
        side.channels.filter((one) => one.name !== "dm").map((one) => [one.id, one.name]),
      );
      this.draw({ side, said, threads, view, home, bot, world, faults, writes: this.writes }, conversation);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused(error);
    }
  }

  /** Opening the Home tells the app, which draws it; later looks only fetch it. */
  async home() {
    if (this.visited !== reader.key) {
      this.visited = reader.key;
      await api.act(reader.key, "home", {});
    }
    return api.home(reader.key);
  }

  /** A channel that is not there is left; without any Slack the page says so. */
  refused(error) {
    const gone = error.message.includes("no channel") && this.place.now.channel !== "workspace-requests";
    if (gone) this.place.go({ channel: "workspace-requests", thread: "" });
    else this.trouble.textContent = error.message.startsWith("Slack is not") ? say("noSlack") : error.message;
  }

  draw(data, conversation) {
    const { channel, thread, theme, pane, show } = this.place.now;
    const row = data.side.channels.find((one) => one.name === conversation);
    const notes = this.notes.in(conversation);
    const opened = APART.includes(channel) ? "" : thread;
    this.markThread(row, opened, data);
    const news = new Map(data.threads.map((one) => [one.message.ts, one.unread]));
    const messages = data.said.messages.map((one) => ({ ...one, unreadReplies: news.get(one.ts) }));
    const waiting = data.threads.filter((one) => one.unread > 0).length;
    document.documentElement.lang = reader.locale;
    this.frame.dataset.pane = pane;
    this.frame.dataset.show = show;
    this.topbar.draw({ theme, bot: data.bot.state, drawer: this.frame.classList.contains("drawer") });
    this.sidebar.draw({
      team: data.side.team.name,
      channels: data.side.channels,
      news: waiting,
      at: channel,
      online: data.bot.state === "running",
    });
    if (channel !== "home") this.visited = "";
    this.markUnread(row, channel);
    this.drawMiddle(channel, data, { row, messages, notes, unreadFrom: this.unreadFrom.ts });
    this.thread.draw({ row, ts: opened, messages, notes, unreadFrom: this.newReplies.ts });
    this.frame.classList.toggle("with-thread", !this.thread.root.hidden);
    if (this.place.now.message) this.find(this.place.now.message);
    this.dialog.draw(data.view);
    if (pane !== "none") this.backstage.draw(pane, data);
    this.drawBottom(pane, show);
    this.paneButton.setAttribute("aria-label", say("pane"));
    this.paneButton.setAttribute("aria-pressed", String(pane !== "none"));
    this.retitle(data.side.channels, channel, waiting);
    document.documentElement.dataset.drawn = `${reader.key}|${channel}|${pane}`;
  }

  drawMiddle(channel, { home, threads }, conversation) {
    const part = APP.includes(channel) ? this.app : channel === "threads" ? this.threads : this.channel;
    const { root } = part;
    if (part === this.app) part.draw(channel, home);
    else if (part === this.threads) part.draw(threads);
    else part.draw(conversation);
    if (this.middle.firstChild !== root) this.middle.replaceChildren(root);
  }

  /** Somebody followed a link to a message. */
  find(ts) {
    if (!this.channel.stream.find(ts)) this.thread.stream.find(ts);
    this.place.go({});
  }

  /** Where "New" stands is kept while the channel is open; what is on the screen counts as read. */
  markUnread(row, channel) {
    if (APART.includes(channel)) return;
    const subject = `${reader.key}|${row.name}`;
    if (this.unreadFrom.subject !== subject)
      this.unreadFrom = { subject, ts: row.unread > 0 && row.read ? row.read : null };
    if (row.unread > 0 && !document.hidden && row.latest) {
      api.read(row.name, reader.key, row.latest).catch(() => {});
      row.unread = 0;
    }
  }

  /** The same for the thread that is open. */
  markThread(row, ts, { threads, said }) {
    const subject = `${reader.key}|${ts}`;
    const known = threads.find((one) => one.message.ts === ts);
    if (this.newReplies.subject !== subject)
      this.newReplies = { subject, ts: known?.unread ? known.read || ts : null, read: "" };
    const latest = said.messages.findLast((one) => one.thread_ts === ts && !one.ephemeral)?.ts;
    if (ts === "" || !latest || document.hidden) return;
    if (known) known.unread = 0;
    if (latest === this.newReplies.read) return;
    const mine = this.newReplies;
    mine.read = latest;
    api.readThread(row.name, reader.key, ts, latest).catch(() => (mine.read = "")); // tried at the next look
  }

  /** `threads`: how many have something new. */
  retitle(channels, channel, threads) {
    const waiting = channels
      .filter((one) => one.name !== channel)
      .reduce((sum, one) => sum + (one.unread > 0 ? one.mentions : 0), threads);
    document.title = `${waiting ? `(${waiting}) ` : ""}Workspace Bot sandbox`;
  }

  drawBottom(pane, show) {
    const each = (name, picture, chosen, change) =>
      el(
        "button",
        {
          type: "button",
          class: "bottom-tab",
          "aria-current": chosen ? "page" : null,
          data: { keep: `bottom-${name}` },
          on: { click: () => this.place.go(change) },
        },
        icon(picture, 20),
        el("span", {}, say(name)),
      );
    const sign = `${pane}|${show}|${reader.locale}`;
    if (this.bottom.dataset.sign === sign) return;
    this.bottom.dataset.sign = sign;
    this.bottom.setAttribute("aria-label", say("pane"));
    const pictures = { world: "world", traffic: "traffic", faults: "bolt" };
    this.bottom.replaceChildren(
      each("slack", "slack", show === "slack", { show: "slack" }),
      ...PANES.map((name) =>
        each(name, pictures[name], show === "pane" && pane === name, { show: "pane", pane: name }),
      ),
    );
  }
}

const page = new Page();
page.moved();
page.start();
