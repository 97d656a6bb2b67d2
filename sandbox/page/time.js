// Times as Slack writes them, in the reader's language and zone.

import { reader } from "./reader.js";

const known = new Map();

function formatter(options) {
  const key = `${reader.locale}|${reader.zone}|${JSON.stringify(options)}`;
  if (!known.has(key))
    known.set(key, new Intl.DateTimeFormat(reader.locale, { timeZone: reader.zone, ...options }));
  return known.get(key);
}

const write = (date, options) => formatter(options).format(date);
const isKorean = () => reader.locale.startsWith("ko");
const days = (date) => Math.floor(Date.parse(`${dayKey(date)}T00:00:00Z`) / 86_400_000);

export const dateOf = (ts) => new Date(Number(ts) * 1000);

/** The same for all moments of one day of the reader's. */
export function dayKey(date) {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: reader.zone }).format(date);
  return parts;
}

export const clock = (date) => write(date, { hour: "numeric", minute: "2-digit" });
const clockWithSeconds = (date) => write(date, { hour: "numeric", minute: "2-digit", second: "2-digit" });
export const stamp = (seconds) => {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return write(new Date(seconds * 1000), options);
};

/** What stands above the first message of a day. */
export function dayTitle(date) {
  return near(date) ?? capital(longDay(date, { year: !sameYear(date) }));
}

/** What the mouse on a time tells. */
export function fullTime(date) {
  const at = isKorean() ? " " : " at ";
  return `${near(date) ?? monthDay(date, { year: !sameYear(date) })}${at}${clockWithSeconds(date)}`;
}

/** "today at 3:45 PM", for the last reply of a thread. */
export function lastTime(date) {
  const day = near(date);
  if (isKorean()) return `${day ?? monthDay(date, {})} ${clock(date)}`;
  return `${day?.toLowerCase() ?? monthDay(date, {})} at ${clock(date)}`;
}

function near(date) {
  const away = days(date) - days(new Date());
  const words = isKorean() ? ["어제", "오늘", "내일"] : ["Yesterday", "Today", "Tomorrow"];
  return Math.abs(away) <= 1 ? words[away + 1] : null;
}

const sameYear = (date) => dayKey(date).slice(0, 4) === dayKey(new Date()).slice(0, 4);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function ordinal(date) {
  const day = Number(write(date, { day: "numeric" }).replace(/\D/g, ""));
  const tens = Math.floor((day % 100) / 10);
  const sign = tens === 1 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${sign}`;
}

function monthDay(date, { year = false, short = false }) {
  if (isKorean()) return write(date, { month: "long", day: "numeric", ...(year ? { year: "numeric" } : {}) });
  const month = write(date, { month: short ? "short" : "long" });
  const day = short ? write(date, { day: "numeric" }) : ordinal(date);
  return `${month} ${day}${year ? `, ${write(date, { year: "numeric" })}` : ""}`;
}

function longDay(date, { year }) {
  if (isKorean()) {
    return write(date, {
      month: "long",
      day: "numeric",
      weekday: "long",
      ...(year ? { year: "numeric" } : {}),
    });
  }
  return `${write(date, { weekday: "long" })}, ${monthDay(date, { year })}`;
}

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat(reader.locale, { numeric: "auto" });
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return words.format(Math.round(seconds / size), unit);
}

const FORMS = {
  date_num: (date) => dayKey(date),
  date_slash: (date) => write(date, { year: "numeric", month: "2-digit", day: "2-digit" }),
  date: (date) => monthDay(date, { year: true }),
  date_short: (date) => monthDay(date, { year: true, short: true }),
  date_long: (date) => longDay(date, { year: true }),
  date_long_full: (date) => longDay(date, { year: true }),
  time: clock,
  time_secs: clockWithSeconds,
  ago,
};

/** Slack's date format, "{date_short_pretty} {time}", for this moment. `begins`: nothing stands before it. */
export function slackDate(seconds, format, { begins = false } = {}) {
  const date = new Date(seconds * 1000);
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => {
    const plain = name.replace("_pretty", "");
    if (!(plain in FORMS)) return whole;
    const pretty = plain === name ? null : near(date);
    return pretty ? pretty.toLowerCase() : FORMS[plain](date);
  });
  return begins ? capital(text) : text;
}
