/* The window: from the merchant's options to the end of the payment. An attempt's id is made here, once for each
   press of Pay, so that asking twice is harmless and an answer that was lost can be asked for again. */

import { Refusal, answer, begin, cancel, newAttempt, showAttempt, showOrder } from "./calls.js";
import { connect } from "./host.js";
import { watch } from "./leaving.js";
import { clearComplaints, complain, describe, find, isShown, offer, reveal, show, showAmount } from "./view.js";

// How long an end is shown before the merchant goes on.
const DONE_MS = 1000;
const FAILED_MS = 2500;
// A UPI request is looked at this often, and for a quarter of an hour.
const POLL_MS = 500;
const POLLS_MAX = 1800;
const FIELDS = {
  upi: ["vpa"], card: ["number", "expiry", "cvv", "name"], netbanking: ["bank"], wallet: ["wallet"],
};
const VIEW_OF_STEP = { otp: "otp", bank: "bank", app: "app" };

const place = document.body.dataset.place;
let options;
let host;
// The attempt that the customer looks at, and whether it waits for the bank's page.
let attempt = null;
let isAtBank = false;
// Repeats the call that had no answer.
let ask = null;
let isOver = false;
// Gives the end to the merchant, once there is one.
let handOver = null;

async function main() {
  let connected;
  try {
    connected = await connect(place);
  } catch {
    refuse({ description: "This page is opened by checkout.js with redirect: true." });
    return;
  }
  ({ options, host } = connected);
  describe(options);
  host.onClose(() => leave());
  watch(options, place === "frame", leave);
  listen();
  lookAtOrder();
}

/* The order may have been paid elsewhere meanwhile, so it is looked at before every choice. */
function lookAtOrder() {
  attend(() => showOrder(options), showMethods, refuse, "loading");
}

function listen() {
  for (const form of document.querySelectorAll("form[data-method]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      pay(form.dataset.method);
    });
  }
  for (const button of document.querySelectorAll("button.fill")) {
    button.addEventListener("click", () => fill(button.dataset.field, button.dataset.value));
  }
  for (const button of document.querySelectorAll("[data-answer]")) {
    button.addEventListener("click", () => answerBank(button.dataset.answer));
  }
  find("otp-form").addEventListener("submit", (event) => {
    event.preventDefault();
    answerBank("success", find("otp").value.trim());
  });
  find("another-way").addEventListener("click", () => { attempt = null; show("choose"); });
  find("try-again").addEventListener("click", goOnAfterFailure);
  find("check").addEventListener("click", () => ask());
}

function showMethods(order) {
  showAmount(order.amount_shown);
  offer(order.methods, (options.prefill || {}).method);
  show("choose");
}

/* Fills in a test instrument; a card also gets what else it needs. */
function fill(field, value) {
  find(field).value = value;
  if (field === "number") {
    find("expiry").value = `12/${String(new Date().getFullYear() + 3).slice(-2)}`;
    find("cvv").value = "123";
  }
  clearComplaints();
  find(field).closest("form").querySelector(".pay").focus();
}

function pay(method) {
  if (!isShown("choose")) {
    return;
  }
  clearComplaints();
  const instrument = { method };
  for (const name of FIELDS[method]) {
    if (find(name).value.trim()) {
      instrument[name] = find(name).value.trim();
    }
  }
  const payer = { email: find("email").value.trim(), contact: find("contact").value.trim() };
  const id = newAttempt();
  attempt = id;
  find("asked-vpa").textContent = find("vpa").value.trim();
  find("bank-name").textContent = method === "card" ? "" : selectedName(FIELDS[method][0]);
  attend(() => begin(options, payer, id, instrument), (state) => follow(id, state), (error) => {
    if (error.field && FIELDS[method].includes(error.field)) {
      show("choose");
      complain(method, error);
    } else {
      refuse(error);
    }
  });
}

function answerBank(outcome, otp) {
  if (!isAtBank) {
    return;
  }
  const id = attempt;
  isAtBank = false;
  attend(() => answer(id, outcome, otp), (state) => follow(id, state));
}

/* Shows where an attempt is. */
function follow(id, state) {
  if (state.status === "succeeded") {
    succeed(state.result);
  } else if (state.status === "failed") {
    fail(state.error);
  } else {
    find("otp").value = "";
    isAtBank = state.step !== "app";
    show(VIEW_OF_STEP[state.step]);
    if (state.step === "app") {
      poll(id, POLLS_MAX);
    }
  }
}

/* Asks how a UPI request goes, also after the customer has turned to another method: it may still be approved. */
async function poll(id, polls) {
  await new Promise((resolve) => { window.setTimeout(resolve, POLL_MS); });
  let state = { status: "waiting" };
  try {
    state = await showAttempt(id);
  } catch (error) {
    if (error instanceof Refusal) {
      state = { status: "failed", error: error.error };
    }
  }
  if (isOver) {
    return;
  }
  if (state.status === "succeeded" || (state.status === "failed" && id === attempt)) {
    follow(id, state);
  } else if (state.status === "failed") {
    // The customer is about to pay in another way, so a page of its own does not end with this.
    if (!host.endsWithFailure) {
      host.failed(state.error);
    }
  } else if (polls > 1) {
    poll(id, polls - 1);
  } else if (id === attempt) {
    lose(() => attend(() => showAttempt(id), (found) => follow(id, found)));
  }
}

/* Calls the sandbox. Without an answer nobody knows what has happened, so the customer asks again. */
async function attend(call, next, refused = refuse, view = "working") {
  show(view);
  try {
    next(await call());
  } catch (error) {
    if (error instanceof Refusal) {
      refused(error.error);
    } else {
      lose(() => attend(call, next, refused, view));
    }
  }
}

function lose(again) {
  ask = again;
  show("lost");
}

function refuse(error) {
  find("refusal").textContent = error.description;
  show("refused");
}

function succeed(result) {
  isOver = true;
  find("payment-id").textContent = result.razorpay_payment_id;
  show("done");
  // Whoever closes the window now has paid all the same.
  handOver = once(() => host.succeeded(result));
  window.setTimeout(handOver, DONE_MS);
}

function fail(error) {
  attempt = null;
  find("failure").textContent = error.description;
  reveal("failure-reason", error.reason && error.reason !== "NA" ? `Reason: ${error.reason}` : "");
  const isRetryable = !host.endsWithFailure && (options.retry || {}).enabled !== false;
  find("try-again").textContent = isRetryable ? "Try again" : host.endsWithFailure ? "Continue" : "Close";
  show("failed");
  if (host.endsWithFailure) {
    isOver = true;
    handOver = once(() => host.failed(error));
    window.setTimeout(handOver, FAILED_MS);
  } else {
    host.failed(error);
  }
}

function goOnAfterFailure() {
  if (host.endsWithFailure || (options.retry || {}).enabled === false) {
    leave();
  } else {
    lookAtOrder();
  }
}

function leave(reason) {
  if (handOver) {
    handOver();
    return;
  }
  isOver = true;
  if (isAtBank) {
    cancel(attempt);
  }
  host.dismissed(reason);
}

function once(action) {
  let isDone = false;
  return () => {
    if (!isDone) {
      isDone = true;
      action();
    }
  };
}

function selectedName(id) {
  const chosen = find(id).selectedOptions;
  return chosen && chosen.length > 0 ? chosen[0].textContent : "";
}

main();
