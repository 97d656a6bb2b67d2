// What exists in each system, by workspace, and what changed just now: when, and by whom.

import { el, keyed } from "./dom.js";
import { stamp } from "./time.js";
import { say } from "./words.js";

const LINGERS = 45_000; // milliseconds that something gone is still shown
const LATEST = 4;
const RECENT = 8_000; // milliseconds between a call and the change that it made
const FRESH = 20_000; // milliseconds that a change is highlighted

const NAMES = {
  dex_users: (one) => one.email,
  policies: (one) => one.resource.replace("arn:aws:s3:::", ""),
  dashboards: (one) => one.title,
  conductor: (one) => (one.kind === "member" ? `${one.login} → ${one.name}` : one.name),
};
const FACTS = {
  namespaces: (one) => one.phase,
  profiles: (one) => one.owner,
  policies: (one) => one.policy,
  stacks: (one) => one.status,
  nodegroups: (one) =>
    `${one.status} · ${one.instance_type} · ${one.machines.length}/${one.desired} (≤ ${one.largest})`,
  dashboards: (one) => one.uid,
  conductor: (one) => (one.kind === "member" ? one.role : one.kind),
};

const nameOf = (kind, one) => (NAMES[kind] ?? ((each) => each.name))(one);
const factOf = (kind, one) => FACTS[kind]?.(one) ?? "";
const keyOf = (kind, one) =>
  [kind, one.kind, one.policy, one.login, one.uid, nameOf(kind, one)].filter(Boolean).join("|");

/** A bucket and what is in it are granted together; it is said once. */
const told = (one) => !one.resource?.endsWith("/*");

/** A policy has a new version with each grant; what it grants to others stays as it was. */
const looks = ({ version, ...rest }) => JSON.stringify(rest.policy ? rest : { version, ...rest });

/** Who made a change, as the name of the call tells. */
function maker(call) {
  if (call.startsWith("cloudformation.")) return say("w_eksctl");
  return call.startsWith("eks.") ? say("w_cf") : say("w_bot");
}

export class World {
  constructor() {
    this.about = el("p", { class: "pane-about" });
    this.latestTitle = el("h3", { class: "pane-part" });
    this.latest = el("ul", { class: "changes", role: "list" });
    this.projects = el("div", { class: "projects" });
    this.root = el("div", { class: "world" }, this.about, this.latestTitle, this.latest, this.projects);
    this.kinds = []; // as the world names them, in its order
    this.known = null; // by key: how it looked
    this.marks = new Map(); // by key: {how, at, call}
    this.gone = new Map(); // by key: what is shown a while longer
    this.open = new Set();
  }

  draw(world, writes) {
    this.last = [world, writes];
    const kinds = Object.entries(world).filter(([, found]) => Array.isArray(found));
    const things = kinds.flatMap(([kind, found]) =>
      found.filter(told).map((one) => ({ kind, one, key: keyOf(kind, one) })),
    );
    this.kinds = kinds.map(([kind]) => kind);
    this.compare(things, writes);
    this.about.textContent = say("worldAbout");
    this.latestTitle.textContent = say("worldChanges");
    this.latestTitle.hidden = writes.length === 0;
    keyed(
      this.latest,
      writes
        .slice(-LATEST)
        .reverse()
        .map((one) => ({ key: one.number, sign: `${maker(one.call)}`, make: () => change(one) })),
    );
    keyed(this.projects, this.cards([...things, ...this.gone.values()]));
  }

  compare(things, writes) {
    const now = new Map(things.map((thing) => [thing.key, thing]));
    const at = Date.now();
    if (this.known !== null) {
      for (const thing of things) {
        const before = this.known.get(thing.key);
        const how =
          before === undefined ? "newOne" : looks(before.one) === looks(thing.one) ? null : "changed";
        if (how) this.set(thing.key, this.mark(how, thing, writes, at));
        this.gone.delete(thing.key);
      }
      for (const [key, thing] of this.known) {
        if (now.has(key)) continue;
        this.set(key, this.mark("gone", thing, writes, at));
        this.gone.set(key, { ...thing, gone: at });
        setTimeout(() => this.forget(key, at), LINGERS);
      }
    }
    this.known = now;
  }

  /** And draw again when it is fresh no more. */
  set(key, mark) {
    this.marks.set(key, mark);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.draw(...this.last), FRESH + 500);
  }

  forget(key, at) {
    if (this.gone.get(key)?.gone !== at) return;
    this.gone.delete(key);
    this.draw(...this.last);
  }

  mark(how, { kind, one }, writes, at) {
    const names = [one.name, one.policy, one.uid, one.email && "auth/dex", one.group].filter(Boolean);
    const made = writes.findLast(
      (write) => names.some((name) => write.resource.includes(name)) && at - write.time * 1000 < RECENT,
    );
    return { how, at: made ? made.time : at / 1000, call: made?.call ?? null };
  }

  cards(things) {
    const projects = [...new Set(things.map(({ one }) => one.workspace))]
      .filter((one) => one !== null && one !== "legacy")
      .toSorted();
    const latest = (project) =>
      Math.max(
        0,
        ...things
          .filter(({ one }) => one.workspace === project)
          .map(({ key }) => this.marks.get(key)?.at ?? 0),
      );
    projects.sort((a, b) => latest(b) - latest(a));
    const found = projects.map((project) =>
      this.card(
        project,
        project,
        things.filter(({ one }) => one.workspace === project),
      ),
    );
    if (projects.length === 0)
      found.push({
        key: "none",
        sign: say("emptyWorld"),
        make: () => el("p", { class: "quiet-words" }, say("emptyWorld")),
      });
    const rest = things.filter(({ one }) => one.workspace === null || one.workspace === "legacy");
    if (rest.length > 0) found.push(this.card("", say("foundation"), rest));
    return found;
  }

  card(key, title, things) {
    const rows = things.map((thing) => {
      const mark = this.marks.get(thing.key) ?? null;
      return { ...thing, mark, fresh: mark !== null && Date.now() - mark.at * 1000 < FRESH };
    });
    const sign = JSON.stringify([title, rows, say("kinds")]);
    const make = () => {
      const kinds = this.kinds.filter((kind) => rows.some((row) => row.kind === kind));
      const inner = kinds.map((kind) =>
        group(
          kind,
          rows.filter((row) => row.kind === kind),
        ),
      );
      const props = {
        class: key ? "project" : "project foundation",
        open: key !== "",
        data: { keep: `project-${key}` },
      };
      const live = rows.filter((row) => !row.gone).length;
      return el(
        "details",
        props,
        el(
          "summary",
          {},
          el("span", { class: "project-name" }, title),
          el("span", { class: "project-count" }, live),
        ),
        inner,
      );
    };
    return { key: `project-${key}`, sign, make };
  }
}

function group(kind, rows) {
  return el(
    "div",
    { class: "kind" },
    el("h4", { class: "kind-name" }, say(`k_${kind}`)),
    el(
      "ul",
      { class: "things", role: "list" },
      rows.map((row) => thing(kind, row)),
    ),
  );
}

function thing(kind, { one, mark, gone, fresh }) {
  const looks = ["thing", gone && "gone", fresh && "fresh", mark && `how-${mark.how}`]
    .filter(Boolean)
    .join(" ");
  const by =
    mark &&
    el(
      "span",
      { class: "thing-mark" },
      `${say(mark.how)} ${stamp(mark.at)} · ${mark.call ? `${maker(mark.call)} · ${mark.call}` : say("itself")}`,
    );
  return el(
    "li",
    { class: looks },
    el("span", { class: "thing-name" }, nameOf(kind, one)),
    el("span", { class: "thing-fact" }, factOf(kind, one)),
    by,
  );
}

function change(write) {
  return el(
    "li",
    { class: write.struck ? "change struck" : "change" },
    el("time", { class: "change-time" }, stamp(write.time)),
    el("span", { class: "change-call" }, write.call),
    el("span", { class: "change-what" }, write.resource),
    el("span", { class: "change-who" }, maker(write.call)),
  );
}
