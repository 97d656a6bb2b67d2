// Block Kit → elements. Each kind of block has its drawing here or in card.js and table.js.

import { alert, card, carousel, container, plan, task } from "./card.js";
import { el } from "./dom.js";
import { element } from "./element.js";
import { markdown } from "./markdown.js";
import { link, plain, textObject } from "./mrkdwn.js";
import { picture } from "./picture.js";
import { richText } from "./rich.js";
import { dataTable, table } from "./table.js";
import { inputBlock } from "./field.js";

const DRAWINGS = {
  section,
  header: (block) => el("h3", { class: "block-header" }, plain(block.text.text)),
  context,
  actions: (block, surface) =>
    el(
      "div",
      { class: "actions" },
      block.elements.map((one) => element(one, block, surface)),
    ),
  context_actions: (block, surface) =>
    el(
      "div",
      { class: "actions small" },
      block.elements.map((one) => element(one, block, surface)),
    ),
  divider: () => el("hr", { class: "divider" }),
  input: inputBlock,
  image,
  video,
  rich_text: (block) => el("div", { class: "rich" }, richText(block)),
  markdown: (block) => el("div", { class: "rich" }, markdown(block.text)),
  table,
  data_table: dataTable,
  alert,
  plan,
  task_card: (block) => el("ul", { class: "tasks" }, task(block)),
  card,
  carousel,
  container: (block, surface) => container(block, blocks(block.child_blocks, surface)),
};

export function blocks(list, surface) {
  return list.map((block) => drawBlock(block, surface));
}

export function drawBlock(block, surface) {
  const draw = DRAWINGS[block.type];
  const inner = draw
    ? draw(block, surface)
    : el("span", { class: "unsupported" }, `unsupported block: ${block.type}`);
  return el("div", { class: `block block-${block.type}` }, inner);
}

function section(block, surface) {
  const text = block.text ? el("div", { class: "text" }, textObject(block.text)) : null;
  const fields = block.fields
    ? el(
        "div",
        { class: "fields" },
        block.fields.map((one) => el("div", { class: "one-field" }, textObject(one))),
      )
    : null;
  const beside = block.accessory
    ? el("div", { class: "accessory" }, element(block.accessory, block, surface))
    : null;
  return el("div", { class: "section" }, el("div", { class: "section-words" }, text, fields), beside);
}

function context(block) {
  const parts = block.elements.map((one) =>
    one.type === "image"
      ? picture(one.image_url, one.alt_text, "context-image")
      : el("span", {}, textObject(one)),
  );
  return el("div", { class: "context" }, parts);
}

function image(block) {
  const title = block.title ? el("figcaption", {}, plain(block.title.text)) : null;
  return el("figure", { class: "figure" }, title, picture(block.image_url, block.alt_text, "block-image"));
}

function video(block) {
  const about = block.description ? el("p", { class: "hint" }, plain(block.description.text)) : null;
  return el(
    "div",
    { class: "quoted" },
    el("strong", {}, link(block.title_url ?? block.video_url, block.title.text)),
    about,
    picture(block.thumbnail_url, block.alt_text, "block-image"),
  );
}
