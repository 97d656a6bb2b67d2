// One message as it stands in a channel or a thread.

import { avatar } from "./avatar.js";
import { blocks } from "./blocks.js";
import { el } from "./dom.js";
import { ATTACHMENT, folded, MESSAGE } from "./fold.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { mrkdwn, plain, sign, spoken } from "./mrkdwn.js";
import { BOT, nameOf, reader } from "./reader.js";
import { clock, dateOf, fullTime, lastTime } from "./time.js";
import { say } from "./words.js";

export const authorOf = (message) => (message.user === "slackbot" ? say("slackbot") : nameOf(message.user));

/**
 * `scene`: the channel's name, `inThread`, `acts`, `openThread(ts)`; `unreadReplies` of a message is how many of
 * its thread's the reader has not seen; `grouped`: the one before is of the same
 * author, so that the name is not said again.
 */
export function drawMessage(message, scene, grouped) {
  const kind = [
    "message",
    grouped && "grouped",
    message.ephemeral && "private",
    message.local && "local",
  ].filter(Boolean);
  const when = dateOf(message.ts);
  const gutter = grouped
    ? el(
        "time",
        { class: "gutter-time", datetime: when.toISOString(), title: fullTime(when) },
        clock(when).replace(/ ?[AP]M|오[전후] ?/, ""),
      )
    : avatar(message.user);
  return el(
    "li",
    { class: kind.join(" "), tabindex: -1, data: { ts: message.ts } },
    message.ephemeral ? privately(message, scene) : null,
    el("div", { class: "gutter" }, gutter),
    el(
      "div",
      { class: "message-body" },
      grouped ? el("span", { class: "visually-hidden" }, authorOf(message)) : head(message, when),
      content(message, scene),
      foot(message, scene),
    ),
    toolbar(message, scene),
  );
}

/** All of a message in one line, for previews and to be read aloud. */
export function summary(message) {
  return spoken(message.text || message.blocks.map((one) => one.text?.text ?? "").join(" "));
}

function privately(message, scene) {
  const dismiss = () => scene.acts.dismiss(message, scene.channel);
  return el(
    "div",
    { class: "only-you" },
    icon("eye", 15),
    el("span", {}, say("onlyYou")),
    el("span", { "aria-hidden": "true" }, "·"),
    el(
      "button",
      { type: "button", class: "link-button", "aria-label": say("dismissMessage"), on: { click: dismiss } },
      say("dismiss"),
    ),
  );
}

function head(message, when) {
  const app = message.bot || message.user === BOT.id;
  return el(
    "div",
    { class: "message-head" },
    el("span", { class: "author" }, authorOf(message)),
    app ? el("span", { class: "badge-app" }, say("app")) : null,
    el("time", { class: "when", datetime: when.toISOString(), title: fullTime(when) }, clock(when)),
  );
}

function content(message, scene) {
  const surface = {
    press: (element, value) => scene.acts.press({ ts: message.ts, channel: scene.channel }, element, value),
    entry: () => undefined,
  };
  // Of the bot's messages with blocks the text is for notifications; what a person typed is all in the text.
  const drawn =
    message.bot && message.blocks.length > 0
      ? blocks(message.blocks, surface)
      : folded(el("div", { class: "block text" }, mrkdwn(message.text)), message.text, MESSAGE, message.ts);
  const edited = message.edited && !message.bot ? el("span", { class: "edited" }, ` ${say("edited")}`) : null;
  return el(
    "div",
    { class: "message-content" },
    drawn,
    edited,
    attachments(message, surface),
    files(message),
    reactions(message),
  );
}

function attachments(message, surface) {
  return (message.attachments ?? []).map((one, index) => {
    const text = one.text ?? one.fallback ?? "";
    return el(
      "div",
      { class: "quoted" },
      one.title ? el("strong", {}, plain(one.title)) : null,
      one.blocks
        ? blocks(one.blocks, surface)
        : folded(el("div", { class: "text" }, mrkdwn(text)), text, ATTACHMENT, `${message.ts}-${index}`),
    );
  });
}

function files(message) {
  return (message.files ?? []).map((one) =>
    el("div", { class: "quoted" }, one.title ?? one.name ?? say("noDraw")),
  );
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  const each = (one) =>
    el(
      "span",
      { class: one.users.includes(reader.id) ? "reaction mine" : "reaction" },
      sign(one.name) ?? `:${one.name}:`,
      ` ${one.count}`,
    );
  return el("div", { class: "reactions" }, message.reactions.map(each));
}

function foot(message, scene) {
  if (scene.inThread || !message.reply_count) return null;
  const open = () => scene.openThread(message.ts);
  return el(
    "button",
    {
      type: "button",
      class: message.unreadReplies ? "replies unread" : "replies",
      data: { keep: `replies-${message.ts}` },
      on: { click: open },
    },
    el(
      "span",
      { class: "faces" },
      (message.reply_users ?? []).slice(0, 5).map((id) => avatar(id, "small")),
    ),
    replyCount(message.reply_count, message.unreadReplies),
    el("span", { class: "reply-last" }, say("lastReply", { when: lastTime(dateOf(message.latest_reply)) })),
    el("span", { class: "reply-open" }, say("viewThread")),
  );
}

/** How many replies there are, and how many of them are new to the reader. */
export function replyCount(all, unread = 0) {
  const count = all === 1 ? say("replyOne") : say("replies", { n: all });
  const fresh = unread ? el("span", { class: "reply-new" }, say("newReplies", { n: unread })) : null;
  return el("span", { class: "reply-count" }, count, fresh);
}

function toolbar(message, scene) {
  if (message.ephemeral) return null;
  const reply = () => scene.openThread(message.ts);
  const items = () => [
    ...(scene.inThread ? [] : [{ label: say("replyIn"), choose: reply }]),
    { label: say("shortcut"), note: BOT.realName, choose: () => scene.acts.shortcut(message, scene.channel) },
  ];
  const more = menuButton(
    { class: "tool", "aria-label": say("more"), title: say("more"), data: { keep: `more-${message.ts}` } },
    icon("more"),
    items,
  );
  const toThread = scene.inThread
    ? null
    : el(
        "button",
        {
          type: "button",
          class: "tool",
          "aria-label": say("replyIn"),
          title: say("replyIn"),
          on: { click: reply },
        },
        icon("reply"),
      );
  return el("div", { class: "toolbar" }, toThread, more);
}
