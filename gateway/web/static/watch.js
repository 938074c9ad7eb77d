/* Looks at the server for the payment's card: when the server says that there is something to wait for, along a
   ladder of pauses that the page asks for, and when somebody comes back to the page. It never looks while the
   page is hidden, and always stops in the end. */

const SECOND_MS = 1000;
const ANSWER_MS_MAX = 10000;
// Somebody who goes to and fro between two windows asks no more often than this.
const RETURN_MS_MIN = 1000;
// After a failure the pause doubles, up to the last one; so many failures in a row are the end.
const TROUBLE_SECONDS_FIRST = 3;
const TROUBLE_SECONDS_MAX = 60;
const TROUBLES_MAX = 12;
// One that does not come again is nobody's business.
const TROUBLES_TOLD_FROM = 2;

export class Watch {
  /* onCard(html): takes what is new and returns whether it did. onTrouble(isLast): tells that asking keeps
     failing; onRecovery(): that it works again. */
  constructor({ url, version, refreshSeconds, onCard, onTrouble, onRecovery }) {
    Object.assign(this, { url, version, onCard, onTrouble, onRecovery });
    this.ladder = [];
    this.troubles = 0;
    this.lookedAt = 0;
    this.timer = null;
    this.isDue = false;
    this.looking = null;
    document.addEventListener("visibilitychange", () => this.returned());
    window.addEventListener("focus", () => this.returned());
    window.addEventListener("online", () => this.returned());
    this.schedule(refreshSeconds);
  }

  /* Looks after each of these pauses, whatever the server says. */
  follow(ladderSeconds) {
    this.ladder = [...ladderSeconds];
    this.schedule(this.ladder.shift());
  }

  /* Looks now, and resolves when the answer is dealt with, or there was none. */
  look() {
    if (!this.looking) {
      this.looking = this.ask().finally(() => {
        this.looking = null;
      });
    }
    return this.looking;
  }

  returned() {
    const isSoon = Date.now() - this.lookedAt < RETURN_MS_MIN;
    if (document.visibilityState === "visible" && (this.isDue || !isSoon)) {
      this.look();
    }
  }

  schedule(seconds) {
    window.clearTimeout(this.timer);
    this.isDue = false;
    if (seconds > 0) {
      this.timer = window.setTimeout(() => this.due(), seconds * SECOND_MS);
    }
  }

  due() {
    if (document.visibilityState === "visible") {
      this.look();
    } else {
      this.isDue = true;
    }
  }

  async ask() {
    this.lookedAt = Date.now();
    let answer;
    try {
      answer = await this.fetched();
    } catch {
      answer = null;
    }
    if (!answer || (!answer.isNew && answer.status !== 304)) {
      this.trouble(answer ? answer.afterSeconds : 0);
      return;
    }
    if (this.troubles >= TROUBLES_TOLD_FROM) {
      this.onRecovery();
    }
    this.troubles = 0;
    if (answer.isNew && this.onCard(answer.html)) {
      this.version = answer.version;
    }
    this.schedule(answer.afterSeconds || this.ladder.shift());
  }

  async fetched() {
    const control = new AbortController();
    const timer = window.setTimeout(() => control.abort(), ANSWER_MS_MAX);
    try {
      const response = await fetch(this.url, {
        headers: { "If-None-Match": this.version },
        cache: "no-store",
        credentials: "omit",
        signal: control.signal,
      });
      return {
        status: response.status,
        isNew: response.status === 200,
        html: response.status === 200 ? await response.text() : "",
        version: response.headers.get("ETag"),
        afterSeconds: Number(response.headers.get("Retry-After")) || 0,
      };
    } finally {
      window.clearTimeout(timer);
    }
  }

  trouble(afterSeconds) {
    this.troubles += 1;
    const isLast = this.troubles >= TROUBLES_MAX;
    if (this.troubles >= TROUBLES_TOLD_FROM) {
      this.onTrouble(isLast);
    }
    const pause = Math.min(TROUBLE_SECONDS_FIRST * 2 ** (this.troubles - 1), TROUBLE_SECONDS_MAX);
    this.schedule(isLast ? 0 : Math.max(pause, afterSeconds));
  }
}
