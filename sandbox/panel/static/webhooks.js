/* Webhooks: each delivery with its state, and one event as it was sent, with every attempt and its answer. */

import { ask, attempt } from "./asking.js";
import { badge, button, el, facts, fill, find, link, moment, raw, toneOfStatus } from "./dom.js";

const PAGE = 50;
const SHOWN_MAX = 1000;
let shown = PAGE;
let shownId = null;

export function start() {
  find("webhooks-tools").addEventListener("submit", (event) => { event.preventDefault(); shown = PAGE; show(); });
  find("webhooks-tools").addEventListener("change", () => { shown = PAGE; show(); });
  find("webhooks-more").addEventListener("click", () => { shown = Math.min(shown + PAGE, SHOWN_MAX); show(); });
}

export async function show() {
  const query = new URLSearchParams({ limit: shown });
  for (const name of ["event", "state"]) {
    if (find(`webhooks-${name}`).value) {
      query.set(name, find(`webhooks-${name}`).value);
    }
  }
  const id = find("webhooks-id").value.trim();
  if (id) {
    query.set(id.startsWith("pay_") ? "payment_id" : id.startsWith("rfnd_") ? "refund_id" : "order_id", id);
  }
  const found = await attempt(() => ask("GET", `/webhooks?${query}`));
  if (found) {
    fill(find("webhooks-list"), found.items.map(deliveryRow));
    find("webhooks-empty").hidden = found.count > 0;
    find("webhooks-more").hidden = found.count < shown || shown === SHOWN_MAX;
  }
}

export function deliveryRow(delivery) {
  const last = delivery.attempts[delivery.attempts.length - 1];
  const answer = last ? last.error || `answered ${last.status}` : "not sent yet";
  return el(
    "li", { class: "row" },
    el("div", { class: "grow" }, link("webhook", delivery.event_id, delivery.event), el("small", {}, delivery.url)),
    el("span", { class: "quiet" }, `${delivery.attempt_count} × ${answer}`),
    moment(delivery.created_at), badge(delivery.state, toneOfStatus(delivery.state)),
  );
}

export async function showOne(id) {
  shownId = id;
  const event = await attempt(() => ask("GET", `/webhooks/${encodeURIComponent(id)}`));
  if (shownId === id && event) {
    draw(event);
  }
}

function draw(event) {
  find("webhook-title").textContent = event.event;
  fill(find("webhook"), [
    el(
      "div", { class: "card" },
      facts([
        ["Event id", event.event_id], ["Created", moment(event.created_at)],
        ["Order", event.order_id && link("order", event.order_id)],
        ["Payment", event.payment_id && link("order", event.payment_id)],
        ["Refund", event.refund_id && link("order", event.refund_id)],
      ]),
      el("div", { class: "buttons" }, button("Send again", () => redeliver(event.event_id), { class: "main", "data-key": "again" })),
    ),
    el("h3", {}, "Deliveries"),
    event.deliveries.length === 0 ? el("p", { class: "empty" }, "No endpoint was subscribed to it.") : null,
    ...event.deliveries.map(deliveryCard),
    el("h3", {}, "As it is sent"),
    raw("Headers", headers(event.headers), true),
    raw("Raw body", event.body, true),
    raw("Body, spread out", spread(event.body)),
  ].filter((part) => part !== null));
}

function deliveryCard(delivery) {
  return el(
    "div", { class: "card" },
    el("div", { class: "row" }, el("h4", { class: "grow" }, delivery.url), badge(delivery.state, toneOfStatus(delivery.state))),
    facts([
      ["Next attempt", delivery.next_attempt_at && moment(delivery.next_attempt_at)],
      ["Signature", delivery.headers["X-Razorpay-Signature"] || "none, the endpoint has no secret"],
    ]),
    delivery.attempts.length === 0 ? el("p", { class: "empty" }, "Not sent yet.") : el("ol", { class: "rows" }, delivery.attempts.map(attemptRow)),
  );
}

function attemptRow(one, position) {
  const isGood = one.status !== null && one.status >= 200 && one.status < 300;
  return el(
    "li", {},
    el(
      "div", { class: "row" },
      el("span", { class: "grow" }, `Attempt ${position + 1}, ${one.duration_ms} ms`), moment(one.at),
      badge(one.status === null ? "no answer" : String(one.status), isGood ? "good" : "bad"),
    ),
    one.error ? el("p", { class: "wrong" }, one.error) : null,
    one.body ? raw("Answer", one.body, false, `answer-${one.at}-${position}`) : null,
  );
}

async function redeliver(id) {
  await attempt(() => ask("POST", `/webhooks/${id}/redeliver`, {}), "On its way again.");
  showOne(id);
}

function headers(values) {
  return Object.entries(values).map(([name, value]) => `${name}: ${value}`).join("\n");
}

function spread(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
