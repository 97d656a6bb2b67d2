// Pictures. The page fetches nothing from elsewhere, so those of other servers are shown by their words.

import { el } from "./dom.js";
import { link } from "./mrkdwn.js";

export function picture(address, words, kind) {
  const ours = address?.startsWith("data:image/") || address?.startsWith(`${location.origin}/`);
  if (ours) return el("img", { src: address, alt: words, class: kind, loading: "lazy" });
  return el("span", { class: `${kind} picture-away` }, "🖼 ", address ? link(address, words) : words);
}
