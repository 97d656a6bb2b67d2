// How the bot is, in words.

import { say } from "./words.js";

const STATES = {
  running: "botRunning",
  killed: "botKilled",
  stopped: "botStopped",
  failed: "botFailed",
  absent: "botAbsent",
};

/** Of a state as `GET /api/bot` tells it. */
export function botWords(state) {
  return `${say("botIs")}: ${say(STATES[state] ?? "botFailed")}`;
}
