/* Orders, and one of them with all that belongs to it. */

import { ask, attempt } from "./asking.js";
import { badge, button, el, facts, fill, find, link, moment, money, raw, toneOfStatus } from "./dom.js";
import { deliveryRow } from "./webhooks.js";

const DELIVERIES_MAX = 50;
const UNDECIDED = ["open", "under_review"];
const OUTCOMES = ["won", "lost", "closed"];
let nextBefore = null;
let shownId = null;

export function start() {
  find("orders-find").addEventListener("submit", (event) => { event.preventDefault(); show(); });
  find("orders-older").addEventListener("click", () => load(nextBefore));
  find("pay-form").addEventListener("submit", (event) => { event.preventDefault(); pay(); });
  find("pay-cancel").addEventListener("click", () => find("pay").close());
}

/* Shows the newest orders, or what was looked for. */
export function show() {
  return load(null);
}

async function load(before) {
  const text = find("find").value.trim();
  const query = new URLSearchParams(text ? { find: text } : before ? { before } : {});
  const page = await attempt(() => ask("GET", `/orders?${query}`));
  if (!page) {
    return;
  }
  const rows = page.items.map(orderRow);
  if (before) {
    find("orders-list").append(...rows);
  } else {
    fill(find("orders-list"), rows);
  }
  nextBefore = page.next_before;
  find("orders-older").hidden = nextBefore === null;
  find("orders-empty").hidden = find("orders-list").children.length > 0;
}

/* Shows one order. The id may be that of a payment or a refund, too. */
export async function showOne(id) {
  shownId = id;
  const found = await attempt(() => ask("GET", `/orders?${new URLSearchParams({ find: id })}`));
  if (shownId !== id || !found) {
    return;
  }
  if (found.items.length === 0) {
    fill(find("order"), [el("p", { class: "empty" }, "There is no such order.")]);
    return;
  }
  const order = found.items[0];
  const [story, deliveries] = await Promise.all([
    attempt(() => ask("GET", `/orders/${order.id}`)),
    attempt(() => ask("GET", `/webhooks?order_id=${order.id}&limit=${DELIVERIES_MAX}`)),
  ]);
  if (shownId === id && story && deliveries) {
    draw(story, deliveries.items);
  }
}

function orderRow(order) {
  return el(
    "li", { class: "row" },
    el("div", { class: "grow" }, link("order", order.id), el("small", {}, order.receipt || "", " ", moment(order.created_at))),
    el("strong", {}, money(order.amount, order.currency)),
    badge(order.status, toneOfStatus(order.status)),
    order.status === "paid" ? null : button("Pay", () => openPay(order), { "aria-label": `Pay ${order.id}` }),
  );
}

function draw({ order, payments }, deliveries) {
  fill(find("order"), [
    el(
      "div", { class: "card" },
      el(
        "div", { class: "row" },
        el("h3", { class: "grow" }, order.id), el("strong", {}, money(order.amount, order.currency)),
        badge(order.status, toneOfStatus(order.status)),
        button("Pay", () => openPay(order), { "data-key": "pay" }),
      ),
      facts([
        ["Receipt", order.receipt], ["Created", moment(order.created_at)], ["Attempts", String(order.attempts)],
        ["Paid", money(order.amount_paid, order.currency)], ["Due", money(order.amount_due, order.currency)],
      ]),
      raw("Order as JSON", JSON.stringify(order, null, 2)),
    ),
    el("h3", {}, "Payments"),
    payments.length === 0 ? el("p", { class: "empty" }, "Nobody has tried to pay yet.") : null,
    ...payments.map(paymentCard),
    el("h3", {}, "Webhooks"),
    deliveries.length === 0 ? el("p", { class: "empty" }, "No delivery.") : null,
    el("ul", { class: "rows" }, deliveries.map(deliveryRow)),
  ].filter((part) => part !== null));
}

function paymentCard({ payment, refunds, disputes }) {
  const dispute = disputes.find((one) => UNDECIDED.includes(one.status));
  const means = [payment.method, payment.vpa, payment.bank, payment.wallet, payment.card && `…${payment.card.last4}`];
  const change = (path, body, words) => act("POST", `/payments/${payment.id}/${path}`, body, words);
  return el(
    "div", { class: "card" },
    el(
      "div", { class: "row" },
      el("h4", { class: "grow" }, payment.id), el("span", {}, money(payment.amount, payment.currency)),
      badge(payment.status, toneOfStatus(payment.status)), disputes.map((one) => badge(`dispute ${one.status}`, UNDECIDED.includes(one.status) ? "bad" : "")),
    ),
    facts([
      ["Method", means.filter(Boolean).join(" ")], ["Created", moment(payment.created_at)],
      ["Error", payment.error_description && `${payment.error_reason}: ${payment.error_description}`],
      ["Refunded", payment.amount_refunded ? money(payment.amount_refunded, payment.currency) : ""],
    ]),
    el(
      "div", { class: "buttons" },
      payment.status === "failed" ? button("Authorize late", () => change("authorize-late", {}, "The money has arrived after all."), { "data-key": `late-${payment.id}` }) : null,
      payment.captured && !dispute ? button("Dispute", () => change("dispute", {}, "Refunds are refused from now on."), { "data-key": `dispute-${payment.id}` }) : null,
      dispute ? OUTCOMES.map((outcome) => button(
        `Dispute ${outcome}`, () => change("dispute", { open: false, outcome }, "The dispute is over."),
        { "data-key": `${outcome}-${payment.id}` },
      )) : null,
    ),
    el("ul", { class: "rows" }, refunds.map(refundRow)),
    raw("Payment as JSON", JSON.stringify(payment, null, 2), false, payment.id),
  );
}

function refundRow(refund) {
  const end = (what, words) => act("POST", `/refunds/${refund.id}/${what}`, undefined, words);
  const isPending = refund.status === "pending";
  return el(
    "li", { class: "row" },
    el("div", { class: "grow" }, refund.id, el("small", {}, "refund ", moment(refund.created_at))),
    el("span", {}, money(refund.amount, refund.currency)), badge(refund.status, toneOfStatus(refund.status)),
    isPending ? button("Process", () => end("process", "The refund is processed."), { "data-key": `process-${refund.id}` }) : null,
    isPending ? button("Fail", () => end("fail", "The refund has failed."), { "data-key": `fail-${refund.id}` }) : null,
  );
}

async function act(method, path, body, words) {
  await attempt(() => ask(method, path, body), words);
  showOne(shownId);
}

function openPay(order) {
  find("pay-title").textContent = `Pay ${money(order.amount_due || order.amount, order.currency)}`;
  find("pay-form").dataset.orderId = order.id;
  find("pay").showModal();
}

async function pay() {
  const form = new FormData(find("pay-form"));
  const orderId = find("pay-form").dataset.orderId;
  const [method, field, ...value] = form.get("instrument").split(":");
  const body = { method, [field]: value.join(":") };
  if (form.get("outcome") === "failure") {
    body.outcome = "failure";
  }
  if (form.get("capture")) {
    body.capture = form.get("capture") === "true";
  }
  if (form.get("force")) {
    body.force = true;
  }
  find("pay").close();
  await attempt(() => ask("POST", `/orders/${orderId}/pay`, body), "Paid.");
  if (window.location.hash.startsWith("#order/")) {
    showOne(shownId);
  } else {
    show();
  }
}
