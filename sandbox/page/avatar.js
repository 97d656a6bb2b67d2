// Pictures of people: initials on a colour of their own. The bot has its icon.

import { el } from "./dom.js";
import { appIcon } from "./icons.js";
import { BOT, nameOf } from "./reader.js";

const TINTS = 6;

/** Decorative: the name stands beside it. */
export function avatar(id, size = "normal") {
  if (id === BOT.id) return el("span", { class: `avatar ${size}`, "aria-hidden": "true" }, appIcon());
  const name = id === "slackbot" ? "S B" : nameOf(id);
  const initials = name
    .split(" ")
    .map((word) => word.charAt(0))
    .slice(0, 2)
    .join("");
  return el("span", { class: `avatar ${size} tint-${tint(id)}`, "aria-hidden": "true" }, initials);
}

function tint(id) {
  return [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % TINTS;
}
