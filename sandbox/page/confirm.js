// "Are you sure?", as a button's confirm object words it.

import { el, newId } from "./dom.js";
import { textObject } from "./mrkdwn.js";

/** Whether the person said yes. */
export function confirmed(question) {
  const title = newId("confirm");
  const answer = (value) => () => box.close(value);
  const style = question.style === "danger" ? "danger" : "primary";
  const box = el(
    "dialog",
    { class: "modal confirm", "aria-labelledby": title },
    el("h2", { id: title, class: "modal-title" }, question.title.text),
    el("div", { class: "confirm-text" }, textObject(question.text)),
    el(
      "div",
      { class: "modal-buttons" },
      el("button", { type: "button", class: "button", on: { click: answer("no") } }, question.deny.text),
      el(
        "button",
        { type: "button", class: `button ${style}`, autofocus: true, on: { click: answer("yes") } },
        question.confirm.text,
      ),
    ),
  );
  document.body.append(box);
  box.showModal();
  return new Promise((decided) => {
    box.addEventListener("close", () => {
      box.remove();
      decided(box.returnValue === "yes");
    });
  });
}
