// Elements, made without any markup: what people and the bot say only ever becomes text.

const SVG = "http://www.w3.org/2000/svg";

/** `props`: attributes, `on` with listeners, `data` for data attributes; null and false are left out. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "data") {
      for (const [key, word] of Object.entries(value)) node.dataset[key] = word;
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}

/**
 * Make the children of `parent` those of `items`, keeping the nodes of items that look the same as before.
 * An item is {key, sign, make}: `sign` says how it looks, `make()` draws it.
 */
export function keyed(parent, items) {
  const old = parent.keyedNodes ?? new Map();
  const now = new Map();
  let cursor = parent.firstChild;
  for (const { key, sign, make } of items) {
    let held = old.get(key);
    if (held === undefined) {
      held = { sign, node: make() };
    } else if (held.sign !== sign) {
      const node = make();
      if (cursor === held.node) cursor = cursor.nextSibling;
      swap(held.node, node);
      held = { sign, node };
      now.set(key, held);
      old.delete(key);
      if (node.nextSibling !== cursor) parent.insertBefore(node, cursor);
      continue;
    }
    now.set(key, held);
    old.delete(key);
    if (held.node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(held.node, cursor);
  }
  for (const { node } of old.values()) node.remove();
  parent.keyedNodes = now;
}

/** Replace a node; what was focused or unfolded in it stays so. */
function swap(before, after) {
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const open = [...before.querySelectorAll("details[data-keep]")];
  before.replaceWith(after);
  for (const one of open) {
    const same = find(after, one.dataset.keep);
    if (same) same.open = one.open;
  }
  if (focused === null) return;
  const keep = focused.dataset.keep;
  const target = keep ? find(after, keep) : null;
  if (target) target.focus({ preventScroll: true });
  else if (after.hasAttribute("tabindex")) after.focus({ preventScroll: true });
}

function find(node, keep) {
  return [...node.querySelectorAll("[data-keep]")].find((one) => one.dataset.keep === keep);
}

/** One id after the other, for labels and descriptions. */
let last = 0;
export function newId(word) {
  last += 1;
  return `${word}-${last}`;
}
