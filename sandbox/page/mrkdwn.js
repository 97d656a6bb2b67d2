// Slack's mrkdwn as elements. Source of the syntax: docs: messaging/formatting-message-text.

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { BOT, nameOf, reader } from "./reader.js";
import { slackDate } from "./time.js";
import { say } from "./words.js";

// Marks count only where no letter or digit touches them from outside, in any script: "*굵게*는" stays as typed.
const OUTSIDE = "(?<![\\p{L}\\p{N}_*~])";
const BEHIND = "(?![\\p{L}\\p{N}_*~])";
const marked = (sign) => `${OUTSIDE}${sign}(?=\\S)([^\\n]*?\\S)${sign}${BEHIND}`;
const INLINE = new RegExp(
  [
    "<([^<>\\n]+)>",
    "`([^`\\n]+)`",
    marked("\\*"),
    marked("_"),
    marked("~"),
    ":([a-z0-9_+-]+(?:::[a-z0-9-]+)?):",
  ].join("|"),
  "gu",
);
const WRAPPERS = ["strong", "em", "s"];

function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** A mrkdwn text as nodes. */
export function mrkdwn(text) {
  const nodes = [];
  text.split("```").forEach((piece, index, pieces) => {
    const fenced = index % 2 === 1 && index < pieces.length - 1;
    if (fenced) nodes.push(el("pre", { class: "code" }, unescape(piece.replace(/^\n|\n$/g, ""))));
    else nodes.push(...paragraphs(index % 2 === 1 ? `\`\`\`${piece}` : trimmed(piece, index, pieces.length)));
  });
  return nodes;
}

/** A text object of Block Kit: mrkdwn or plain text. */
export function textObject(object) {
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text);
}

/** Plain text, its emoji drawn and its line ends kept. */
export function plain(text) {
  return lines(text, (line) => withEmoji(line));
}

/** As one line of words, for names that are read aloud and for previews. */
export function spoken(text) {
  const box = el("span", {}, mrkdwn(text));
  return box.textContent.replace(/\s+/g, " ").trim();
}

function trimmed(piece, index, count) {
  const before = index > 0 ? piece.replace(/^\n/, "") : piece;
  return index < count - 1 ? before.replace(/\n$/, "") : before;
}

/** Runs of quoted lines become quotes; all else stays lines. */
function paragraphs(text) {
  if (text === "") return [];
  const nodes = [];
  let run = [];
  let quoted = false;
  const flush = () => {
    if (run.length === 0) return;
    const drawn = lines(run.join("\n"), inline);
    if (quoted) nodes.push(el("blockquote", {}, drawn));
    else nodes.push(...drawn);
    run = [];
  };
  for (const line of text.split("\n")) {
    const quote = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if ((quote !== null) !== quoted) {
      flush();
      quoted = quote !== null;
    }
    run.push(quote ? quote[1] : line);
  }
  flush();
  return nodes;
}

function lines(text, draw) {
  return text.split("\n").flatMap((line, index) => (index === 0 ? draw(line) : [el("br"), ...draw(line)]));
}

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > from) nodes.push(unescape(text.slice(from, found.index)));
    nodes.push(...span(found, text));
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(unescape(text.slice(from)));
  return nodes;
}

function span(found, text) {
  const [whole, reference, code, ...rest] = found;
  if (reference !== undefined) return [refer(reference, text.slice(0, found.index).trim() === "")];
  if (code !== undefined) return [el("code", {}, unescape(code))];
  const mark = rest.slice(0, 3).findIndex((one) => one !== undefined);
  if (mark >= 0) return [el(WRAPPERS[mark], {}, inline(rest[mark]))];
  return [sign(rest[3]) ?? unescape(whole)];
}

function withEmoji(text) {
  return text
    .split(/:([a-z0-9_+-]+):/g)
    .map((piece, index) => (index % 2 ? (sign(piece) ?? `:${piece}:`) : piece));
}

/** An emoji by its name, as an element that says the name aloud. */
export function sign(name) {
  const drawn = emoji(name);
  return (
    drawn &&
    el(
      "span",
      { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` },
      drawn,
    )
  );
}

/** What stands between < and >: a person, a group, a channel, a date, everybody, or a link. */
function refer(inside, begins) {
  const [target, ...labels] = inside.split("|");
  const label = labels.join("|");
  if (target.startsWith("@")) return person(target.slice(1));
  if (target.startsWith("#")) return channel(target.slice(1), label);
  if (target.startsWith("!subteam^")) return group(target.slice("!subteam^".length), label);
  if (target.startsWith("!date^")) return date(target, label, begins);
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`, true);
  return link(unescape(target), unescape(label || target));
}

const mention = (name, mine) => el("span", { class: mine ? "mention mine" : "mention" }, name);

export function person(id) {
  return mention(`@${id === BOT.id ? BOT.realName : nameOf(id)}`, id === reader.id);
}

export function group(id, label = "") {
  return mention(`@${reader.groups.get(id) ?? label.replace(/^@/, "")}`, reader.groupIds.has(id));
}

export function channel(id, label = "") {
  return el("span", { class: "mention" }, `#${reader.channels.get(id) ?? (label || id)}`);
}

function date(target, fallback, begins) {
  const [, seconds, format] = target.split("^");
  const known = Number.isFinite(Number(seconds)) && format;
  const text = known ? slackDate(Number(seconds), format, { begins }) : fallback;
  return el(
    "time",
    { datetime: known ? new Date(Number(seconds) * 1000).toISOString() : null, title: fallback },
    text,
  );
}

/** Where the page shows what a link to a message of this Slack means; null for all other links. */
function placeOf(address) {
  const found = /^https:\/\/[\w-]+\.slack\.com\/archives\/(\w+)\/p(\d+)(\d{6})(?:\?(.*))?$/.exec(address);
  if (found === null) return null;
  const [, id, seconds, rest, query] = found;
  const name = id.startsWith("D") ? "dm" : reader.channels.get(id);
  if (name === undefined) return null;
  const place = new URLSearchParams(location.hash.slice(1));
  place.set("channel", name);
  place.set("message", `${seconds}.${rest}`);
  place.set("thread", new URLSearchParams(query ?? "").get("thread_ts") ?? "");
  return `#${place}`;
}

/** Opens in a tab of its own; only the web and mail, whatever else was written stays words. */
export function link(address, label) {
  const here = placeOf(address);
  if (here !== null) return el("a", { href: here, class: "to-message" }, label);
  if (!/^(https?:\/\/|mailto:)/.test(address)) return el("span", {}, label);
  return el(
    "a",
    { href: address, target: "_blank", rel: "noreferrer noopener", title: say("opensElsewhere") },
    label,
  );
}
