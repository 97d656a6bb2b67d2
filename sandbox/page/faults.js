// The switches for trouble, and the bot itself: killed and started by hand.

import { api } from "./api.js";
import { botWords } from "./botstate.js";
import { el, keyed, newId } from "./dom.js";
import { say } from "./words.js";

const BY_CALL = ["access-denied", "throttling", "lost-answer", "kill-bot"];
const TIMES = ["no-capacity", "dex-broken", "slack-twice"];
const FIELDS = Object.fromEntries([
  ...BY_CALL.map((name) => [name, ["call", "nth", "times"]]),
  ...TIMES.map((name) => [name, ["times"]]),
  ["slack-down", ["how"]],
]);
const FIRST = {
  "access-denied": "s3.CreateBucket",
  throttling: "iam.CreatePolicyVersion",
  "lost-answer": "s3.CreateBucket",
  "kill-bot": "*",
};
const ONCE = ["throttling", "lost-answer", "kill-bot"];

export class Faults {
  constructor(changed) {
    this.changed = changed;
    this.calls = el("datalist", { id: "calls" });
    this.about = el("p", { class: "pane-about" });
    this.bot = el("div", {});
    this.list = el("div", { class: "faults" });
    this.root = el("div", { class: "trouble" }, this.calls, this.bot, this.about, this.list);
  }

  draw({ faults, calls }, bot) {
    this.about.textContent = say("faultsAbout");
    if (this.calls.childElementCount !== calls.length)
      this.calls.replaceChildren(...calls.map((one) => el("option", { value: one })));
    keyed(this.bot, [
      { key: "bot", sign: `${bot.state}|${bot.pid}|${say("botIs")}`, make: () => this.botCard(bot) },
    ]);
    keyed(
      this.list,
      faults.map((one) => ({
        key: one.name,
        sign: JSON.stringify([one, say("on")]),
        make: () => this.card(one),
      })),
    );
  }

  botCard(bot) {
    const deed = (name) => (event) =>
      this.carryOut(event.currentTarget.closest(".fault"), () => api.tellBot(name));
    const button = (name, style, off) =>
      el(
        "button",
        {
          type: "button",
          class: `button small ${style}`,
          disabled: off,
          data: { keep: `bot-${name}` },
          on: { click: deed(name) },
        },
        say(name),
      );
    const here = bot.state !== "absent";
    return el(
      "section",
      { class: `fault bot-card ${bot.state}`, "aria-label": say("botIs") },
      el(
        "div",
        { class: "fault-head" },
        el(
          "h3",
          { class: "fault-name" },
          el("span", { class: "dot", "aria-hidden": "true" }),
          botWords(bot.state),
        ),
        el("span", { class: "hint" }, bot.pid ? `pid ${bot.pid}` : ""),
      ),
      el(
        "div",
        { class: "fault-fields" },
        button("kill", "danger", !here || bot.state !== "running"),
        button("start", "primary", !here || bot.state === "running"),
      ),
    );
  }

  card(fault) {
    const word = fault.name.replaceAll("-", "_");
    const inputs = (FIELDS[fault.name] ?? []).map((name) => this.field(fault, name));
    const submit = (event) => {
      event.preventDefault();
      const body = Object.fromEntries(
        inputs.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== ""),
      );
      this.carryOut(event.currentTarget, () =>
        fault.on ? api.liftFault(fault.name) : api.putFault(fault.name, body),
      );
    };
    return el(
      "form",
      { class: fault.on ? "fault on" : "fault", data: { fault: fault.name }, on: { submit } },
      el(
        "div",
        { class: "fault-head" },
        el("h3", { class: "fault-name" }, say(`f_${word}`)),
        el("code", {}, fault.name),
        fault.on ? el("span", { class: "fault-on" }, say("applied")) : null,
      ),
      el("p", { class: "hint" }, say(`a_${word}`)),
      el(
        "div",
        { class: "fault-fields" },
        inputs.map(({ node }) => node),
        el(
          "button",
          {
            type: "submit",
            class: fault.on ? "button small danger" : "button small",
            data: { keep: fault.name },
          },
          say(fault.on ? "off" : "add"),
        ),
      ),
    );
  }

  field(fault, name) {
    const id = newId("fault");
    const number = name === "nth" || name === "times";
    const first = {
      call: FIRST[fault.name] ?? "",
      nth: 1,
      times: ONCE.includes(fault.name) ? 1 : 0,
      how: "closed",
    }[name];
    const value = fault.on ? fault[name] : first;
    const node =
      name === "how"
        ? el(
            "select",
            { id, class: "select", disabled: fault.on },
            ["closed", "503"].map((one) => el("option", { value: one, selected: one === value }, one)),
          )
        : el("input", {
            id,
            class: "text-input",
            type: number ? "number" : "text",
            min: name === "nth" ? 1 : 0,
            list: name === "call" ? "calls" : null,
            disabled: fault.on,
            autocomplete: "off",
          });
    if (name !== "how") node.value = value;
    const word = { nth: "next" }[name] ?? name;
    const wrapped = el(
      "label",
      { class: `fault-field ${name}`, for: id },
      el("span", {}, say(word)),
      node,
    );
    return {
      name,
      node: wrapped,
      read: () => (number && node.value !== "" ? Number(node.value) : node.value),
    };
  }

  async carryOut(place, deed) {
    place.querySelector(".press-trouble")?.remove();
    place.setAttribute("aria-busy", "true");
    try {
      await deed();
    } catch (error) {
      place.append(
        el("p", { class: "press-trouble", role: "alert" }, `${error.message} ${error.remedy ?? ""}`),
      );
    }
    place.removeAttribute("aria-busy");
    this.changed();
  }
}
