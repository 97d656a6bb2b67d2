// Rich text: sections, lists, quotes and preformatted lines.

import { el } from "./dom.js";
import { channel, group, link, person, sign } from "./mrkdwn.js";
import { slackDate } from "./time.js";

const STYLES = [
  ["code", "code"],
  ["bold", "strong"],
  ["italic", "em"],
  ["strike", "s"],
  ["underline", "u"],
  ["highlight", "mark"],
  ["client_highlight", "mark"],
];

const PIECES = {
  text: (piece) => piece.text,
  link: (piece) => link(piece.url, piece.text ?? piece.url),
  emoji: (piece) => sign(piece.name) ?? `:${piece.name}:`,
  user: (piece) => person(piece.user_id),
  usergroup: (piece) => group(piece.usergroup_id),
  channel: (piece) => channel(piece.channel_id),
  broadcast: (piece) => el("span", { class: "mention mine" }, `@${piece.range}`),
  color: (piece) => el("code", {}, piece.value),
  date: (piece) => slackDate(piece.timestamp, piece.format),
  team: (piece) => el("span", { class: "mention" }, piece.team_id),
};

export function richText(block) {
  return block.elements.flatMap(line);
}

function line(element) {
  switch (element.type) {
    case "rich_text_list":
      return list(element);
    case "rich_text_quote":
      return el("blockquote", {}, pieces(element.elements));
    case "rich_text_preformatted":
      return el("pre", { class: "code" }, pieces(element.elements));
    default:
      return el("div", { class: "rich-line" }, pieces(element.elements));
  }
}

function list({ style, indent = 0, offset = 0, elements }) {
  const items = elements.map((one) => el("li", {}, line(one)));
  const kind = `rich-list indent-${Math.min(indent, 8)}`;
  return style === "ordered"
    ? el("ol", { class: kind, start: offset + 1 }, items)
    : el("ul", { class: kind }, items);
}

function pieces(elements) {
  return elements.map((piece) => {
    const drawn =
      piece.type === "text" ? breaks(piece.text) : [PIECES[piece.type]?.(piece) ?? piece.text ?? ""];
    return STYLES.reduce((inner, [name, tag]) => (piece.style?.[name] ? [el(tag, {}, inner)] : inner), drawn);
  });
}

function breaks(text) {
  return text.split("\n").flatMap((one, index) => (index === 0 ? [one] : [el("br"), one]));
}
