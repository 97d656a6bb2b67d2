// What the reader does. Each act ends with a look at what there is then.

import { api, Refused } from "./api.js";
import { BOT, reader } from "./reader.js";
import { slackSays } from "./slack.js";

export class Acts {
  /** `look()` fetches again; `notes` keeps what Slack itself says to one person. */
  constructor(look, notes) {
    this.look = look;
    this.notes = notes;
  }

  async act(name, body) {
    try {
      return await api.act(reader.key, name, body);
    } finally {
      this.look();
    }
  }

  /** What stands in a composer: a command, a mention or words. False when it could not be sent. */
  async send(text, channel, thread) {
    const body = { channel, text, ...(thread ? { thread_ts: thread } : {}) };
    const told = (words) => this.notes.add(reader.key, channel, thread, slackSays(words));
    try {
      const seen = await this.act(kindOf(text), body);
      if (seen.error && text.startsWith("/")) told(seen.error);
      return true;
    } catch (error) {
      told(error.remedy ? `${error.message} (${error.remedy})` : error.message);
      return false;
    } finally {
      this.look();
    }
  }

  async press(where, element, value) {
    const body = { action_id: element.action_id, ...where };
    if (value !== undefined) body.value = value;
    const seen = await this.act("click", body);
    if (seen.error) throw new Error(seen.error);
  }

  shortcut(message, channel) {
    return this.act("shortcut", { callback_id: "ws.shortcut", channel, ts: message.ts });
  }

  newWorkspace() {
    return this.act("shortcut", { callback_id: "ws.create.shortcut" });
  }

  submit(view, values) {
    return this.act("submit", { view_id: view.id, values });
  }

  async close(view) {
    try {
      await this.act("close", { view_id: view.id });
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // it was closed already
    }
  }

  openHome() {
    return this.act("home", {});
  }

  async dismiss(message, channel) {
    if (message.local) this.notes.remove(message.ts);
    else await api.dismiss(channel, reader.key, message.ts);
    this.look();
  }
}

function kindOf(text) {
  if (text.startsWith("/")) return "command";
  return text.includes(`@${BOT.name}`) ? "mention" : "message";
}

/** Private words of Slack's own, "/x is not a valid command.", until they are dismissed or the page is left. */
export class Notes {
  constructor() {
    this.all = [];
  }

  add(person, channel, thread, text) {
    const ts = (Date.now() / 1000).toFixed(6);
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const looks = {
      user: "slackbot",
      text: escaped,
      blocks: [],
      ephemeral: true,
      local: true,
      reply_count: 0,
    };
    this.all.push({ person, channel, ts, thread_ts: thread || null, ...looks });
  }

  remove(ts) {
    this.all = this.all.filter((one) => one.ts !== ts);
  }

  in(channel) {
    return this.all.filter((one) => one.person === reader.key && one.channel === channel);
  }
}
