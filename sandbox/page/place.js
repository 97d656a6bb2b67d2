// Where the reader is: kept in the address, so that a state can be linked to. See docs/sandbox.md.

export const PANES = ["world", "traffic", "faults"];
export const THEMES = ["system", "light", "dark"];

const DEFAULTS = {
  as: "requester",
  channel: "workspace-requests",
  thread: "",
  message: "",
  pane: "world",
  theme: "system",
  show: "slack",
};
const KEPT = ["as", "pane", "theme"]; // and remembered for the next visit
const STORE = "workspace-bot-sandbox";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    return {};
  }
}

export class Place {
  constructor(moved) {
    this.moved = moved;
    this.now = this.read();
    addEventListener("hashchange", () => {
      this.now = this.read();
      this.moved();
    });
  }

  read() {
    const said = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const kept = Object.fromEntries(
      KEPT.map((name) => [name, remembered()[name]]).filter(([, value]) => value),
    );
    const now = { ...DEFAULTS, ...kept, ...said };
    if (!THEMES.includes(now.theme)) now.theme = DEFAULTS.theme;
    if (![...PANES, "none"].includes(now.pane)) now.pane = DEFAULTS.pane;
    return now;
  }

  /** Go somewhere else; `back` puts a step into the browser's history. */
  go(change, { back = false } = {}) {
    this.now = { ...this.now, message: "", ...change };
    const shown = Object.entries(this.now).filter(
      ([name, value]) => value !== "" && (value !== DEFAULTS[name] || KEPT.includes(name)),
    );
    const address = `#${new URLSearchParams(shown)}`;
    history[back ? "pushState" : "replaceState"](null, "", address);
    try {
      localStorage.setItem(
        STORE,
        JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, this.now[name]]))),
      );
    } catch {
      // A browser that keeps nothing is asked again at each visit.
    }
    this.moved();
  }
}
