// An input block: label, the input, its hint, and what is wrong with what stands in it.

import { el, newId } from "./dom.js";
import { icon } from "./icons.js";
import { input } from "./input.js";
import { plain } from "./mrkdwn.js";
import { slackSays } from "./slack.js";
import { say } from "./words.js";

const GROUPS = /^(checkboxes|radio_buttons|multi_)/;

/** The node has `block`, the block's id, and `input`, whose value can be read. */
export function inputBlock(block, surface) {
  const { element: inner } = block;
  const wrong = surface.error?.(block.block_id) ?? null;
  const [id, label, hint, trouble] = ["input", "label", "hint", "trouble"].map(newId);
  const group = GROUPS.test(inner.type);
  const describedby = [block.hint && hint, wrong && trouble].filter(Boolean).join(" ") || null;
  const names = {
    id,
    describedby,
    invalid: wrong !== null,
    labelledby: group ? label : null,
    optional: block.optional ?? false,
  };
  const node = input(inner, surface.entry(block, inner), names);
  if (block.dispatch_action) dispatch(node, inner, surface);
  const words = [
    plain(block.label.text),
    block.optional ? el("span", { class: "optional" }, ` ${say("optional")}`) : null,
  ];
  const field = el(
    "div",
    { class: wrong ? "field wrong" : "field", data: { block: block.block_id } },
    el(group ? "div" : "label", { id: label, class: "label", for: group ? null : id }, words),
    node,
    wrong ? el("p", { id: trouble, class: "field-trouble" }, icon("alert", 15), slackSays(wrong)) : null,
    block.hint ? el("p", { id: hint, class: "hint" }, plain(block.hint.text)) : null,
  );
  field.input = node;
  return field;
}

/** A choice is told at once; what is typed with Enter, as Slack does unless the app asks for each letter. */
function dispatch(node, inner, surface) {
  const told = () => surface.press(inner, node.readValue()).catch(() => {});
  const letters = inner.dispatch_action_config?.trigger_actions_on?.includes("on_character_entered");
  if (node.matches("input[type=text], textarea")) {
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || node.tagName === "TEXTAREA") return;
      event.preventDefault();
      event.stopPropagation();
      told();
    });
    if (letters) node.addEventListener("input", told);
  } else {
    node.addEventListener("change", told);
  }
}
