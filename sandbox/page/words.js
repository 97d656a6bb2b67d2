// The page's own words. What the bot says comes from the bot, in the language it chose.

import { ENGLISH } from "./english.js";
import { KOREAN } from "./korean.js";
import { reader } from "./reader.js";

/** A word of the page in the reader's language; `{name}` in it is replaced. */
export function say(key, facts = {}) {
  const words = reader.locale.startsWith("ko") ? KOREAN : ENGLISH;
  const text = words[key];
  if (text === undefined) throw new Error(`there is no word ${key}`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
}
