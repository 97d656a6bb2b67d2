// Waiting for what happens: one request stays open at the sandbox until there is something.

import { Unreachable } from "./api.js";

const WAIT = 25; // seconds that the sandbox holds a request
const PAUSE = 1500; // milliseconds before a lost sandbox is asked again

/** Follows one numbered list, `journal` or `writes`, from `since` on, until stopped. */
export class Follower {
  /** `ask(since, wait, signal)` answers {entries, next}; `lost` is told when nobody answers, and when again. */
  constructor(ask, { happened, lost }) {
    this.ask = ask;
    this.happened = happened;
    this.lost = lost;
    this.stopping = null;
  }

  get running() {
    return this.stopping !== null;
  }

  start(since) {
    if (this.running) return;
    this.stopping = new AbortController();
    this.follow(since, this.stopping.signal);
  }

  stop() {
    this.stopping?.abort();
    this.stopping = null;
  }

  async follow(since, signal) {
    let at = since;
    let away = false;
    while (!signal.aborted) {
      try {
        const { entries, next } = await this.ask(at, away ? 0 : WAIT, signal);
        if (signal.aborted) return;
        if (away) {
          away = false;
          this.lost(false);
          // A sandbox that was started anew counts from one again.
          at = (await this.ask("end", 0, signal)).next;
          this.happened(entries);
          continue;
        }
        at = next;
        if (entries.length > 0) this.happened(entries);
      } catch {
        if (signal.aborted) return;
        away = true;
        this.lost(true);
        await new Promise((go) => setTimeout(go, PAUSE));
      }
    }
  }
}

/** Runs `work` soon, once for many wishes, and never twice at the same time. */
export class Soon {
  constructor(work, delay = 50) {
    this.work = work;
    this.delay = delay;
    this.wanted = false;
    this.busy = false;
  }

  wish() {
    this.wanted = true;
    if (!this.busy) this.run();
  }

  async run() {
    this.busy = true;
    while (this.wanted) {
      await new Promise((go) => setTimeout(go, this.delay));
      this.wanted = false;
      try {
        await this.work();
      } catch (error) {
        // Of a sandbox that does not answer the follower tells; anything else is a mistake of the page.
        if (!(error instanceof Unreachable)) console.error(error);
      }
    }
    this.busy = false;
  }
}
