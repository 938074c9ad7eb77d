/* The page of a payment: opens the provider's window, says what happens meanwhile, and exchanges the card when
   the server has another one. What is shown comes from the server; nothing is decided here. */

import { load } from "./provider.js";
import { Watch } from "./watch.js";

// How long after one another to look at the server: while the window is open, because a result may come by
// another way than through it, and after it was closed, because one may still be under way. Seldom, because all
// who pay on one school's network share a limit.
const WHILE_OPEN_SECONDS = [5, 10, 20, ...Array(60).fill(30)];
const AFTER_CLOSING_SECONDS = [3, 10, 30, 60];
// How long pressing Pay waits for what the server says.
const LOOK_MS_MAX = 3000;
const REASON_CHARS_MAX = 300;
// A window that does not say that it is closed counts as closed after a while.
const CLOSING_MS_MAX = 2000;
// The parts of a card that are exchanged. The status between them stays, so that it is read out.
const PARTS = ["said", "actions", "facts"];

const byId = (id) => document.getElementById(id);
const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
let razorpay = null;
let isBusy = false;
let failure = "";
// What to do once the window has closed, when it is this page that closes it.
let afterClosing = null;
let closing = null;

const watch = new Watch({
  url: main.dataset.cardUrl,
  version: `"${main.dataset.cardVersion}"`,
  refreshSeconds: Number(main.dataset.refreshSeconds),
  onCard: exchange,
  onTrouble: (isLast) => say(isLast ? words.gaveUp : words.offline, true),
  onRecovery: () => say(razorpay ? words.opened : failure, Boolean(failure)),
});

function say(text, isProblem = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("problem", isProblem);
}

/* Makes the Pay button work, if the card has one. Until then it is hidden, so that there is never a dead one. */
function prepare() {
  const button = byId("pay");
  if (!button) {
    return;
  }
  button.addEventListener("click", pay);
  button.hidden = false;
  byId("without-script").remove();
  load(button.dataset.scriptUrl).catch(() => offerAgain());
}

function offerAgain() {
  if (byId("pay") && !isBusy) {
    byId("pay").textContent = words.tryAgain;
    say(words.notLoaded, true);
  }
}

async function pay() {
  if (isBusy) {
    return;
  }
  setBusy(true);
  failure = "";
  say(words.opening);
  // It may have been paid in another window, or have been cancelled.
  const looked = Promise.race([watch.look(), pause(LOOK_MS_MAX)]);
  await Promise.all([looked, load(byId("pay").dataset.scriptUrl).catch(() => null)]);
  const button = byId("pay");
  if (!button) {
    setBusy(false);
  } else if (!window.Razorpay) {
    setBusy(false);
    offerAgain();
  } else {
    // The card may be another one by now.
    setBusy(true);
    open(JSON.parse(button.dataset.options));
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    window.setTimeout(resolve, milliseconds);
  });
}

function open(options) {
  try {
    razorpay = new window.Razorpay({ ...options, modal: { ondismiss: closed } });
    razorpay.on("payment.failed", failed);
    razorpay.open();
  } catch (error) {
    razorpay = null;
    setBusy(false);
    say(words.notOpened, true);
    console.error(error);
    return;
  }
  say(words.opened);
  watch.follow(WHILE_OPEN_SECONDS);
}

function failed(event) {
  const told = event && event.error && event.error.description;
  const reason = String(told || "").slice(0, REASON_CHARS_MAX);
  failure = reason ? words.failed.replace("{reason}", () => reason) : words.failedWithoutReason;
  say(failure, true);
}

function closed() {
  if (!razorpay) {
    return;
  }
  razorpay = null;
  window.clearTimeout(closing);
  setBusy(false);
  if (afterClosing) {
    const next = afterClosing;
    afterClosing = null;
    next();
    return;
  }
  say(failure || words.closed, Boolean(failure));
  watch.look().then(() => watch.follow(AFTER_CLOSING_SECONDS));
}

/* A button that is disabled loses the focus, and gets it back. */
function setBusy(value) {
  isBusy = value;
  const button = byId("pay");
  if (button) {
    button.disabled = value;
    if (!value) {
      button.focus({ preventScroll: true });
    }
  }
}

/* Puts another card in the place of this one. Returns false for one that has to wait. */
function exchange(html, isFocusLost = false) {
  const card = byId("card");
  const next = new DOMParser().parseFromString(html, "text/html").getElementById("card");
  if (!next) {
    return false;
  }
  const isSettled = "settled" in next.dataset;
  if (razorpay && !isSettled) {
    // The customer is paying: whatever else has changed can wait until the window is closed.
    return false;
  }
  if (next.querySelector("#pay") && !byId("pay")) {
    // This page may not load the provider's script: its policy does not allow what it did not need.
    window.location.reload();
    return true;
  }
  if (razorpay) {
    closeWindow(() => exchange(html, true));
    return true;
  }
  const hadFocus = isFocusLost || isBusy || card.contains(document.activeElement);
  const isMoved = card.dataset.state !== next.dataset.state;
  card.className = next.className;
  for (const name of ["state", "title", "settled"]) {
    delete card.dataset[name];
  }
  Object.assign(card.dataset, next.dataset);
  PARTS.forEach((id) => byId(id).replaceChildren(...next.querySelector(`#${id}`).childNodes));
  document.title = card.dataset.title;
  say("");
  prepare();
  if (isMoved) {
    announce(hadFocus);
  }
  return true;
}

function closeWindow(next) {
  afterClosing = next;
  closing = window.setTimeout(closed, CLOSING_MS_MAX);
  if (typeof razorpay.close === "function") {
    razorpay.close();
  }
}

/* Tells of another state: by moving the focus, where it would have been lost, or else by reading it out. */
function announce(hadFocus) {
  if (hadFocus) {
    byId("heading").focus({ preventScroll: true });
  } else {
    byId("announcement").textContent = byId("heading").textContent;
  }
}

// A page that the browser has kept shows what was so when it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});
prepare();
