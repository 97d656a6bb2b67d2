// The block of standard Markdown, as far as messages use it.

import { el } from "./dom.js";
import { link } from "./mrkdwn.js";

const INLINE =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|__([^_\n]+)__|~~([^~\n]+)~~|\*([^*\n]+)\*|\b_([^_\n]+)_\b|\[([^\]\n]+)\]\(([^)\s]+)\)/g;
const TAGS = ["code", "strong", "strong", "s", "em", "em"];

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(text.slice(from, found.index));
    const mark = found.slice(1, 7).findIndex((one) => one !== undefined);
    nodes.push(
      mark < 0
        ? link(found[8], found[7])
        : el(TAGS[mark], {}, mark === 0 ? found[1] : inline(found[mark + 1])),
    );
    from = found.index + found[0].length;
  }
  return [...nodes, text.slice(from)];
}

const cells = (line) =>
  line
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((one) => one.trim());

const KINDS = [
  {
    test: /^#{1,6} /,
    draw: (lines) =>
      lines.map((one) => el("strong", { class: "rich-line heading" }, inline(one.replace(/^#+ /, "")))),
  },
  {
    test: /^> ?/,
    draw: (lines) =>
      el(
        "blockquote",
        {},
        lines.map((one) => el("div", {}, inline(one.replace(/^> ?/, "")))),
      ),
  },
  {
    test: /^\s*[-*+] /,
    draw: (lines) =>
      el(
        "ul",
        { class: "rich-list" },
        lines.map((one) => el("li", {}, inline(one.replace(/^\s*[-*+] /, "")))),
      ),
  },
  {
    test: /^\s*\d+[.)] /,
    draw: (lines) =>
      el(
        "ol",
        { class: "rich-list" },
        lines.map((one) => el("li", {}, inline(one.replace(/^\s*\d+[.)] /, "")))),
      ),
  },
  { test: /^(---|\*\*\*)\s*$/, draw: () => el("hr", { class: "divider" }) },
  { test: /^\|/, draw: grid },
  { test: /^\s*$/, draw: () => [] },
];

function grid(lines) {
  const [head, ...rows] = lines.filter((one) => !/^\|[\s:|-]+\|?$/.test(one)).map(cells);
  const line = (tag, row) =>
    el(
      "tr",
      {},
      row.map((one) => el(tag, {}, inline(one))),
    );
  return el(
    "table",
    { class: "table" },
    el("thead", {}, line("th", head)),
    el(
      "tbody",
      {},
      rows.map((row) => line("td", row)),
    ),
  );
}

export function markdown(text) {
  return text.split("```").flatMap((piece, index) => {
    if (index % 2 === 1) return [el("pre", { class: "code" }, piece.replace(/^\w*\n|\n$/g, ""))];
    return runs(piece.replace(/^\n|\n$/g, "").split("\n"));
  });
}

/** Neighbouring lines of one kind are drawn together. */
function runs(lines) {
  const nodes = [];
  let run = [];
  let kind;
  const flush = () => {
    if (run.length > 0)
      nodes.push(
        kind
          ? kind.draw(run)
          : el(
              "p",
              { class: "rich-line" },
              run.flatMap((one) => [...inline(one), el("br")]),
            ),
      );
    run = [];
  };
  for (const line of lines) {
    const next = KINDS.find((one) => one.test.test(line));
    if (next !== kind) flush();
    kind = next;
    run.push(line);
  }
  flush();
  return nodes.flat();
}
