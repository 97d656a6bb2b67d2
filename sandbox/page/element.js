// Elements that are pressed: buttons, menus, feedback. What is filled in is in input.js.

import { confirmed } from "./confirm.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { INPUTS, input } from "./input.js";
import { menuButton } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { picture } from "./picture.js";
import { say } from "./words.js";

/**
 * `surface` is where the element stands: `press(element, value)` carries a press out and rejects with what went
 * wrong; `entry(block, element)` is what stands in an input, where the surface knows it.
 */
export function element(one, block, surface) {
  if (one.type === "button" || one.type === "workflow_button") return button(one, surface);
  if (one.type === "overflow") return overflow(one, surface);
  if (one.type === "image") return picture(one.image_url, one.alt_text, "accessory-image");
  if (one.type === "feedback_buttons") return feedback(one, surface);
  if (one.type === "icon_button") return iconButton(one, surface);
  if (INPUTS.has(one.type)) return changing(one, block, surface);
  return el("span", { class: "unsupported" }, one.type);
}

function button(one, surface) {
  const name = one.accessibility_label ?? null;
  const keep = `${one.action_id}|${one.value ?? ""}`;
  const press = (event) => pressed(event.currentTarget, one, surface, one.value);
  const style = `button ${one.style ?? ""}`.trim();
  const node = el(
    "button",
    {
      type: "button",
      class: style,
      "aria-label": name,
      data: { keep, action: one.action_id ?? "" },
      on: { click: press },
    },
    plain(one.text.text),
    one.url ? icon("external", 13) : null,
  );
  return el("span", { class: "press" }, node);
}

/** Ask if need be, press, and say beside the element what went wrong. */
async function pressed(node, one, surface, value) {
  if (one.confirm && !(await confirmed(one.confirm))) return;
  if (one.url && /^https?:/.test(one.url)) window.open(one.url, "_blank", "noopener");
  const place = node.closest(".press") ?? node.parentElement;
  place.querySelector(".press-trouble")?.remove();
  node.setAttribute("aria-busy", "true");
  try {
    await surface.press(one, value);
  } catch (error) {
    place.append(
      el(
        "span",
        { class: "press-trouble", role: "alert" },
        icon("alert", 15),
        say("pressFailed", { why: error.message }),
      ),
    );
  }
  node.removeAttribute("aria-busy");
}

function overflow(one, surface) {
  const items = () =>
    one.options.map((option) => ({
      label: option.text.text,
      note: option.description?.text,
      choose: () => pressed(node, one, surface, option.value),
    }));
  const node = menuButton(
    {
      class: "button square",
      "aria-label": say("more"),
      data: { keep: one.action_id, action: one.action_id ?? "" },
    },
    icon("more"),
    items,
  );
  return el("span", { class: "press" }, node);
}

function feedback(one, surface) {
  return [one.positive_button, one.negative_button].map((each, index) =>
    el(
      "span",
      { class: "press" },
      el(
        "button",
        {
          type: "button",
          class: "button quiet",
          "aria-label": each.accessibility_label ?? null,
          on: { click: (event) => pressed(event.currentTarget, one, surface, each.value) },
        },
        index === 0 ? "👍 " : "👎 ",
        plain(each.text.text),
      ),
    ),
  );
}

function iconButton(one, surface) {
  const press = (event) => pressed(event.currentTarget, one, surface, one.value);
  return el(
    "span",
    { class: "press" },
    el("button", { type: "button", class: "button quiet", on: { click: press } }, plain(one.text.text)),
  );
}

/** An input outside an input block tells each change at once. */
function changing(one, block, surface) {
  const node = input(one, surface.entry(block, one), { label: one.placeholder?.text ?? say("choose") });
  node.addEventListener("change", () => pressed(node, one, surface, node.readValue()));
  return el("span", { class: "press" }, node);
}
