// Line icons, drawn here: nothing is fetched.

import { svg } from "./dom.js";

const PATHS = {
  bolt: ["M11 2 4 11h5l-1 7 8-10h-5l1-6z"],
  chevron: ["m5 8 5 5 5-5"],
  close: ["m5 5 10 10M15 5 5 15"],
  eye: [
    "M2 10s3-5.500 8-5.500S18 10 18 10s-3 5.500-8 5.500S2 10 2 10z",
    "M10 12.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600z",
  ],
  hash: ["M7.500 3 6 17M14 3l-1.500 14M3.500 7.500h13.500M3 12.500h13.500"],
  lock: ["M5.500 9h9v7.500h-9z", "M7 9V6.500a3 3 0 0 1 6 0V9"],
  menu: ["M3 5.500h14M3 10h14M3 14.500h14"],
  more: ["M10 5h.01M10 10h.01M10 15h.01"],
  back: ["M12 5 7 10l5 5"],
  reply: ["M3.500 4.500h13v9h-7l-4 3v-3h-2z"],
  send: ["m3.500 3.500 14 6.500-14 6.500 2-6.500zM5.500 10h6"],
  world: [
    "M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15z",
    "M2.500 10h15M10 2.500c2.500 2 2.500 13 0 15M10 2.500c-2.500 2-2.500 13 0 15",
  ],
  traffic: ["M6 16V4M6 4 3 7M6 4l3 3M14 4v12M14 16l-3-3M14 16l3-3"],
  slack: ["M3.500 4.500h13v9h-7l-4 3v-3h-2z", "M7 8h6M7 10.500h4"],
  at: ["M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm0 0v1.500a2 2 0 0 0 4 0V10a7 7 0 1 0-3 5.700"],
  down: ["M10 4v12M10 16l-5-5M10 16l5-5"],
  alert: ["M10 3 2.500 16.500h15z", "M10 8v4M10 14.300h.01"],
  external: ["M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7"],
};

export function icon(name, size = 18) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  const look = {
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 1.6,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", width: size, height: size, "aria-hidden": "true", ...look },
    paths,
  );
}

/** The app's own picture. */
export function appIcon() {
  const cube = "M10 12.500 18 8l8 4.500v9L18 26l-8-4.500zM10 12.500l8 4.500 8-4.500M18 17v9";
  return svg(
    "svg",
    { viewBox: "0 0 36 36", "aria-hidden": "true", class: "app-icon" },
    svg("rect", { width: 36, height: 36, class: "app-ground" }),
    svg("path", { d: cube, fill: "none", stroke: "#fff", "stroke-width": 2.2, "stroke-linejoin": "round" }),
  );
}
