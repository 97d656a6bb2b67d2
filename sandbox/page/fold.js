// What is very long is folded, as Slack does, and unfolded by whoever reads it.

import { el } from "./dom.js";
import { say } from "./words.js";

// The most that is shown whole. Slack folds an attachment from 700 letters or five line ends on (docs: "Secondary
// message attachments"), a message much later.
export const ATTACHMENT = { letters: 699, lines: 5 };
export const MESSAGE = { letters: 2_000, lines: 25 };
const unfolded = new Set(); // what the reader unfolded stays so when it is drawn anew

/** The node itself where `text`, which it shows, is short; else a box that shows its beginning; `keep` names it. */
export function folded(node, text, most, keep) {
  if (text.length <= most.letters && text.split("\n").length <= most.lines) return node;
  const box = el("div", { class: "fold folded" }, node);
  const button = el("button", {
    type: "button",
    class: "link-button fold-button",
    data: { keep: `fold-${keep}` },
    on: { click: () => turn(!unfolded.has(keep)) },
  });

  function turn(open) {
    unfolded[open ? "add" : "delete"](keep);
    box.classList.toggle("folded", !open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = say(open ? "showLess" : "showMore");
  }

  turn(unfolded.has(keep));
  return el("div", {}, box, button);
}
