// What a person fills in. Each node has `readValue()`: what the API takes for it, null when empty.

import { el, newId } from "./dom.js";
import { listbox } from "./listbox.js";
import { plain, textObject } from "./mrkdwn.js";
import { reader } from "./reader.js";
import { say } from "./words.js";

const SELECTS = ["static", "external", "users", "conversations", "channels"];
const TYPED = ["plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"];
const PICKERS = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };

export const INPUTS = new Set([
  ...TYPED,
  ...Object.keys(PICKERS),
  ...SELECTS.flatMap((kind) => [`${kind}_select`, `multi_${kind}_select`]),
  "checkboxes",
  "radio_buttons",
  "file_input",
]);

/** `entry` is what stands in it by now, as Slack's state has it; without it the element's own first value. */
export function input(element, entry, names) {
  const { type } = element;
  if (TYPED.includes(type)) return typed(element, entry, names);
  if (type in PICKERS) return picker(element, entry, names);
  if (type === "file_input") return file(names);
  if (type === "checkboxes" || type === "radio_buttons") return choices(element, entry, names);
  if (type.startsWith("multi_")) return manySelect(element, entry, names);
  return select(element, entry, names);
}

/** A label that is seen labels by `for`; one that is only heard stands in the element. */
function named({
  id = newId("input"),
  label = null,
  labelledby = null,
  describedby = null,
  invalid = false,
}) {
  return {
    id,
    "aria-label": labelledby ? null : label,
    "aria-labelledby": labelledby,
    "aria-describedby": describedby,
    "aria-invalid": invalid ? "true" : null,
  };
}

function withReader(node, readValue) {
  node.readValue = readValue;
  return node;
}

function typed(element, entry, names) {
  const rich = element.type === "rich_text_input";
  const kind = { email_text_input: "email", url_text_input: "url", number_input: "numeric" }[element.type];
  const long = element.multiline || rich;
  const props = {
    ...named(names),
    class: "text-input",
    placeholder: element.placeholder?.text,
    autocomplete: "off",
    autofocus: element.focus_on_load,
    inputmode: kind,
  };
  const node = long ? el("textarea", { ...props, rows: 3 }) : el("input", { ...props, type: "text" });
  if (!rich) node.value = entry ? (entry.value ?? "") : (element.initial_value ?? "");
  return withReader(node, () => (node.value === "" ? null : rich ? asRich(node.value) : node.value));
}

function asRich(text) {
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

function picker(element, entry, names) {
  const node = el("input", { ...named(names), class: "text-input short", type: PICKERS[element.type] });
  if (element.type === "datetimepicker") {
    const seconds = entry ? entry.selected_date_time : element.initial_date_time;
    if (seconds) node.value = new Date(seconds * 1000).toISOString().slice(0, 16);
    return withReader(node, () => (node.value ? Date.parse(`${node.value}Z`) / 1000 : null));
  }
  const what = element.type === "datepicker" ? "date" : "time";
  node.value = (entry ? entry[`selected_${what}`] : element[`initial_${what}`]) ?? "";
  return withReader(node, () => node.value || null);
}

function file(names) {
  return withReader(el("input", { ...named(names), type: "file", class: "text-input" }), () => undefined);
}

/** The options of any select as {value, text}, in groups; a select of people or channels offers those. */
function offered(element) {
  const kind = element.type.replace("multi_", "").replace("_select", "");
  if (kind === "users") {
    return [
      {
        label: null,
        options: reader.people.map((one) => ({ value: one.key, id: one.id, text: one.real_name })),
      },
    ];
  }
  if (kind === "channels" || kind === "conversations") {
    return [
      {
        label: null,
        options: [...reader.channels].map(([id, name]) => ({ value: id, id, text: `#${name}` })),
      },
    ];
  }
  const plainOptions = (list) =>
    list.map((one) => ({ value: one.value, text: one.text.text, note: one.description?.text }));
  if (element.option_groups) {
    return element.option_groups.map((one) => ({
      label: one.label.text,
      options: plainOptions(one.options),
    }));
  }
  return [{ label: null, options: plainOptions(element.options ?? []) }];
}

/** The values that are chosen, whatever kind of select it is. */
function chosen(element, entry) {
  const source = entry ?? element;
  const first = entry ? "selected" : "initial";
  const noun = /static|external|checkboxes|radio/.test(element.type)
    ? "option"
    : element.type.replace(/multi_|s?_select/g, "");
  const found = source[`${first}_${noun}s`] ?? source[`${first}_${noun}`] ?? [];
  return [found].flat().map((one) => one?.value ?? one);
}

const isChosen = (option, values) =>
  values.includes(option.value) || (option.id && values.includes(option.id));

function select(element, entry, names) {
  const values = chosen(element, entry);
  const groups = offered(element);
  const first = groups.flatMap((group) => group.options).find((option) => isChosen(option, values));
  const props = { ...named(names), autofocus: element.focus_on_load };
  return listbox(groups, props, {
    value: first?.value ?? null,
    placeholder: element.placeholder?.text ?? say("placeholder"),
    clearable: names.optional,
  });
}

function manySelect(element, entry, names) {
  const values = chosen(element, entry);
  return boxes(
    offered(element).flatMap((group) => group.options),
    "checkbox",
    values,
    names,
    "many",
  );
}

function choices(element, entry, names) {
  const options = element.options.map((one) => ({
    value: one.value,
    drawn: textObject(one.text),
    note: one.description,
  }));
  const kind = element.type === "checkboxes" ? "checkbox" : "radio";
  return boxes(options, kind, chosen(element, entry), names, "");
}

function boxes(options, kind, values, names, style) {
  const group = newId("choice");
  const marks = options.map((option) =>
    el("input", { type: kind, name: group, value: option.value, checked: isChosen(option, values) }),
  );
  const rows = options.map((option, index) => {
    const note =
      option.note &&
      el("span", { class: "hint" }, option.note.text ? textObject(option.note) : plain(option.note));
    return el(
      "label",
      { class: "choice" },
      marks[index],
      el("span", {}, option.drawn ?? plain(option.text), note),
    );
  });
  const role = kind === "radio" ? "radiogroup" : "group";
  const node = el("div", { ...named(names), role, class: `choices ${style}` }, rows);
  return withReader(node, () => {
    const found = marks.filter((one) => one.checked).map((one) => one.value);
    if (kind === "radio") return found[0] ?? null;
    return found.length > 0 ? found : null;
  });
}
