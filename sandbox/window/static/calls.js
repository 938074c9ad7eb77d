/* The window's calls of the sandbox. Each gives the answer, throws Refusal with the sandbox's error, or throws
   Unreachable when there was no answer, so that nobody knows what has happened. */

const ANSWER_MS_MAX = 20000;

export class Refusal extends Error {
  constructor(error) {
    super(error.description);
    this.error = error;
  }
}

export class Unreachable extends Error {}

export function showOrder(options) {
  const { key, order_id, amount, currency } = options;
  return call("POST", "/order", { key, order_id, amount, currency });
}

export function begin(options, payer, attempt, instrument) {
  const { key, order_id, amount, description, notes } = options;
  return call("POST", "/attempts", { key, order_id, amount, description, notes, ...payer, attempt, instrument });
}

export function showAttempt(attempt) {
  return call("GET", `/attempts/${attempt}`);
}

export function answer(attempt, outcome, otp) {
  return call("POST", `/attempts/${attempt}/answer`, { outcome, otp });
}

/* Tells the sandbox that the customer has left, also while the window is being taken away. */
export function cancel(attempt) {
  call("POST", `/attempts/${attempt}/answer`, { outcome: "cancelled" }, { keepalive: true }).catch(() => {});
}

export function newAttempt() {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, body, more) {
  const stop = new AbortController();
  const timer = window.setTimeout(() => stop.abort(), ANSWER_MS_MAX);
  let answered;
  let content;
  try {
    answered = await fetch(`/v1/checkout/public${path}`, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
      signal: stop.signal,
      ...more,
    });
    content = await answered.json();
  } catch {
    throw new Unreachable();
  } finally {
    window.clearTimeout(timer);
  }
  if (!answered.ok) {
    throw new Refusal(content.error || { description: "The sandbox itself failed." });
  }
  return content;
}
