// The blocks of 2025 and 2026: alerts, plans and their tasks, cards, carousels, containers.

import { el } from "./dom.js";
import { element } from "./element.js";
import { icon } from "./icons.js";
import { link, plain, textObject } from "./mrkdwn.js";
import { picture } from "./picture.js";
import { richText } from "./rich.js";

export function alert(block) {
  const level = block.level ?? "default";
  return el(
    "div",
    { class: `alert ${level}`, role: "note" },
    icon("alert"),
    el("div", {}, textObject(block.text)),
  );
}

const STATES = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

export function plan(block) {
  const tasks = el("ul", { class: "tasks" }, block.tasks.map(task));
  const props = { class: "plan", open: true, data: { keep: `plan|${block.block_id}` } };
  return el("details", props, el("summary", {}, el("strong", {}, plain(block.title))), tasks);
}

export function task(one) {
  const state = one.status ?? "pending";
  const parts = [one.details, one.output]
    .filter(Boolean)
    .map((inner) => el("div", { class: "task-more" }, richText(inner)));
  const sources = one.sources?.length
    ? el(
        "div",
        { class: "task-more" },
        one.sources.map((each) => [link(each.url, each.text), " "]),
      )
    : null;
  const mark = el(
    "span",
    { class: `task-mark ${state}`, role: "img", "aria-label": state.replace("_", " ") },
    STATES[state],
  );
  return el("li", { class: "task" }, mark, el("div", {}, el("div", {}, plain(one.title)), parts, sources));
}

export function card(block, surface) {
  const line = (name, kind) => (block[name] ? el("div", { class: kind }, textObject(block[name])) : null);
  const shown = (name, kind) =>
    block[name] ? picture(block[name].image_url, block[name].alt_text, kind) : null;
  const actions = block.actions
    ? el(
        "div",
        { class: "actions" },
        block.actions.map((one) => element(one, block, surface)),
      )
    : null;
  return el(
    "div",
    { class: "card" },
    shown("hero_image", "block-image"),
    shown("icon", "context-image"),
    line("title", "card-title"),
    line("subtitle", "hint"),
    line("body", "text"),
    actions,
  );
}

export function carousel(block, surface) {
  const items = block.elements.map((one) => el("li", {}, card(one, surface)));
  return el("ul", { class: "carousel", tabindex: 0, "aria-label": "carousel" }, items);
}

export function container(block, inner) {
  const head = [
    el("strong", {}, plain(block.title.text)),
    block.subtitle ? el("span", { class: "hint" }, " ", plain(block.subtitle.text)) : null,
  ];
  if (!block.is_collapsible) return el("div", { class: "container" }, el("div", {}, head), inner);
  const props = {
    class: "container",
    open: !block.default_collapsed,
    data: { keep: `container|${block.title.text}` },
  };
  return el("details", props, el("summary", {}, head), el("div", { class: "container-inner" }, inner));
}
