// The scenario for the official Node SDK. python_sdk.py is the same, step by step, for the Python SDK.
//
// Only the base address tells the sandbox from Razorpay. Customers are played by the sandbox's controls. Every
// step leaves a name and an answer; they are printed as JSON at the end, so that the two SDKs can be compared.
'use strict';

const assert = require('node:assert/strict');
const Razorpay = require('razorpay');
const { validatePaymentVerification, validateWebhookSignature } = require('razorpay/dist/utils/razorpay-utils');

const DEADLINE_MILLISECONDS = 15000;
const [KEY_ID, KEY_SECRET, WEBHOOK_SECRET] = ['rzp_test_sandbox', 'sandbox_key_secret', 'sandbox_webhook_secret'];
const ORDER_FIELDS = [
  'id', 'entity', 'amount', 'amount_paid', 'amount_due', 'currency', 'receipt', 'offer_id', 'status', 'attempts',
  'notes', 'created_at',
];
const baseUrl = process.argv[2];
const razorpay = connect(KEY_SECRET);
const steps = [];

function connect(secret) {
  const client = new Razorpay({ key_id: KEY_ID, key_secret: secret });
  client.api.rq.defaults.baseURL = baseUrl;
  return client;
}

function step(name, answer) {
  steps.push([name, answer]);
  return answer;
}

// Checks the whole error, and keeps its text: the Python SDK gives nothing else of it.
async function refused(name, promise, expected = {}) {
  const thrown = await promise.then(() => assert.fail(`${name} was not refused`), (error) => error);
  assert.equal(thrown.statusCode, expected.statusCode ?? 400, name);
  const { description, ...rest } = thrown.error;
  const usual = { code: 'BAD_REQUEST_ERROR', source: 'NA', step: 'NA', reason: 'NA', metadata: {} };
  assert.deepEqual(rest, { ...usual, ...expected.error }, name);
  step(name, description);
}

function invalid(field) {
  const named = field === undefined ? {} : { field };
  const reason = 'input_validation_failed';
  return { error: { source: 'business', step: 'payment_initiation', reason, ...named } };
}

async function control(method, path, body) {
  const answer = await fetch(`${baseUrl}/sandbox${path}`, { method, body: body && JSON.stringify(body) });
  return answer.json();
}

async function pay(orderId, instrument) {
  const browser = await control('POST', `/orders/${orderId}/pay`, instrument);
  assert.equal(browser.error, undefined);
  return browser;
}

function card(number) {
  return { method: 'card', number };
}

async function until(name, look) {
  const deadline = Date.now() + DEADLINE_MILLISECONDS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `${name} did not come true in time`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

async function makeOrders(state) {
  const { orders } = razorpay;
  state.order = step('order', await orders.create({
    amount: 150000, currency: 'INR', receipt: 'first', notes: { a: 'b' },
  }));
  assert.deepEqual(Object.keys(state.order), ORDER_FIELDS);
  assert.deepEqual(state.order.notes, { a: 'b' });
  const plain = step('order without notes', await orders.create({ amount: 100 }));
  assert.deepEqual([plain.notes, plain.receipt], [[], null]);
  state.manual = step('order with manual capture', await orders.create({
    amount: 20000, currency: 'INR', payment: { capture: 'manual' },
  }));
  await refused('order too small', orders.create({ amount: 1, currency: 'INR' }), invalid('amount'));
  await refused('order in decimals', orders.create({ amount: 100.5, currency: 'INR' }), invalid('amount'));
  const extra = { source: 'business', step: 'payment_initiation', reason: 'extra_field_sent', field: 'x' };
  await refused('order with an extra field', orders.create({ amount: 100, currency: 'INR', x: 1 }), { error: extra });
}

async function findOrders(state) {
  const { orders } = razorpay;
  const found = step('orders by receipt', await orders.all({ receipt: 'first' }));
  assert.deepEqual(found, { entity: 'collection', count: 1, items: [state.order] });
  assert.equal(step('orders page by page', await orders.all({ count: 1, skip: 1 })).count, 1);
  assert.deepEqual(step('order fetched', await orders.fetch(state.order.id)), state.order);
  const edited = step('order edited', await orders.edit(state.order.id, { notes: { c: 'd' } }));
  assert.deepEqual(edited.notes, { c: 'd' });
  await refused('order edited without notes', orders.edit(state.order.id, {}), invalid('notes'));
  await refused('too many orders', orders.all({ count: 101 }), invalid('count'));
  await refused('an unknown order', orders.fetch('order_00000000000000'), invalid());
  await refused('a malformed order', orders.fetch('order_x'), invalid());
}

async function failThenPay(state) {
  const { orders, payments } = razorpay;
  const { error } = await control('POST', `/orders/${state.order.id}/pay`, card('4100280000060003'));
  const payment = step('failed payment', await payments.fetch(error.metadata.payment_id));
  assert.deepEqual([payment.status, payment.error_reason], ['failed', 'card_declined']);
  const browser = await pay(state.order.id, { method: 'upi', vpa: 'success@razorpay' });
  state.upi = browser.razorpay_payment_id;
  const signed = { order_id: browser.razorpay_order_id, payment_id: state.upi };
  const signature = browser.razorpay_signature;
  assert.equal(validatePaymentVerification(signed, signature, KEY_SECRET), true);
  const forged = { ...signed, payment_id: 'pay_00000000000000' };
  assert.equal(validatePaymentVerification(forged, signature, KEY_SECRET), false);
  const paid = step('paid order', await orders.fetch(state.order.id));
  assert.deepEqual([paid.status, paid.amount_due, paid.attempts], ['paid', 0, 2]);
  const attempts = step('payments of the order', await orders.fetchPayments(state.order.id));
  assert.deepEqual(attempts.items.map((one) => one.status), ['captured', 'failed']);
  const expanded = await orders.all({ receipt: 'first', 'expand[]': 'payments' });
  assert.deepEqual(step('orders with payments', expanded).items[0].payments, attempts);
}

async function captureByHand(state) {
  const { payments } = razorpay;
  state.card = (await pay(state.manual.id, card('4100280000001007'))).razorpay_payment_id;
  await refused('capture of less', payments.capture(state.card, 100, 'INR'), invalid('amount'));
  const captured = step('captured payment', await payments.capture(state.card, 20000, 'INR'));
  assert.deepEqual([captured.status, captured.fee, captured.tax], ['captured', 400, 0]);
  await refused('second capture', payments.capture(state.card, 20000, 'INR'));
}

async function lookAtPayments(state) {
  const { payments } = razorpay;
  const listed = step('payments', await payments.all({ count: 1, 'expand[]': 'card' }));
  assert.equal(listed.items[0].card.last4, '1007');
  const withCard = step('payment with its card', await payments.fetch(state.card, { 'expand[]': 'card' }));
  assert.deepEqual(withCard.card, step('card of a payment', await payments.fetchCardDetails(state.card)));
  await refused('card of a UPI payment', payments.fetchCardDetails(state.upi));
  const edited = step('payment edited', await payments.edit(state.upi, { notes: { e: 'f' } }));
  assert.deepEqual(edited.notes, { e: 'f' });
}

async function refund(state) {
  const { payments } = razorpay;
  const asked = { amount: 30000, receipt: 'refund-1', notes: { why: 'moved' } };
  state.refund = step('refund', await payments.refund(state.upi, asked));
  assert.deepEqual([state.refund.status, state.refund.receipt], ['processed', 'refund-1']);
  await refused('refund with a used receipt', payments.refund(state.upi, asked), invalid('receipt'));
  await refused('refund of too much', payments.refund(state.upi, { amount: 150000 }), invalid('amount'));
  await refused('refund of too little', payments.refund(state.upi, { amount: 99 }), invalid('amount'));
  await refused('refund of an odd speed', payments.refund(state.upi, { amount: 100, speed: 'x' }), invalid('speed'));
}

// The SDK lets no header of ours through, but its own client does.
async function refundByKey(state) {
  const withKey = (key, amount) => razorpay.api.rq
    .post(`/v1/payments/${state.upi}/refund`, { amount }, { headers: { 'X-Refund-Idempotency': key } })
    .then(({ data }) => data, ({ response }) => Promise.reject({
      statusCode: response.status, error: response.data.error,
    }));
  const once = step('refund with a key', await withKey('scenario-key-1', 10000));
  assert.deepEqual(await withKey('scenario-key-1', 10000), once);
  await refused('another refund with the key', withKey('scenario-key-1', 20000), { statusCode: 409 });
  await refused('refund with a short key', withKey('short', 10000));
}

async function lookAtRefunds(state) {
  const { payments, refunds } = razorpay;
  const { id } = state.refund;
  const byBody = await razorpay.api.post({ url: '/refunds', data: { payment_id: state.upi, amount: 100 } });
  assert.equal(step('refund by its own path', byBody).amount, 100);
  assert.deepEqual(step('refund fetched', await refunds.fetch(id)), state.refund);
  assert.deepEqual(await payments.fetchRefund(state.upi, id), state.refund);
  const listed = step('refunds of a payment', await payments.fetchMultipleRefund(state.upi));
  assert.deepEqual(listed.items.map((one) => one.amount), [100, 10000, 30000]);
  assert.deepEqual(step('refunds', await refunds.all()), listed);
  const edited = step('refund edited', await refunds.edit(id, { notes: { g: 'h' } }));
  assert.deepEqual(edited.notes, { g: 'h' });
  const now = step('partly refunded payment', await payments.fetch(state.upi));
  assert.deepEqual([now.amount_refunded, now.refund_status], [40100, 'partial']);
}

async function collectByUpi() {
  const { orders, payments } = razorpay;
  const order = await orders.create({ amount: 5000, currency: 'INR' });
  const asked = step('UPI request', await payments.createUpi({
    amount: 5000, currency: 'INR', order_id: order.id, email: 'payer@example.com', contact: '9000000000',
    method: 'upi', upi: { flow: 'collect', vpa: 'success@razorpay', expiry_time: 5 },
  }));
  step('collected payment', await until('collected payment', async () => {
    const payment = await payments.fetch(asked.razorpay_payment_id);
    return payment.status === 'captured' && payment;
  }));
}

async function dispute(state) {
  const { disputes, payments } = razorpay;
  const path = `/payments/${state.card}/dispute`;
  const { dispute: opened } = step('disputed payment', await control('POST', path));
  assert.deepEqual(step('dispute', await disputes.fetch(opened.id)), opened);
  assert.deepEqual(step('disputes', await disputes.all()).items, [opened]);
  const evidence = { amount: 5000, summary: 'Delivered', action: 'submit' };
  const contested = step('contested dispute', await disputes.contest(opened.id, evidence));
  assert.deepEqual([contested.status, contested.evidence.summary], ['under_review', 'Delivered']);
  await refused('refund of a disputed payment', payments.refund(state.card, {}));
  await control('POST', path, { open: false, outcome: 'won' });
  const { dispute: second } = await control('POST', path);
  const lost = step('accepted dispute', await disputes.accept(second.id));
  assert.deepEqual([lost.status, lost.amount_deducted], ['lost', 20000]);
  await refused('dispute that is over', disputes.accept(second.id));
}

async function settle() {
  const { settlements } = razorpay;
  await control('POST', '/clock', { advance_seconds: 86400 });
  const found = step('settlements', await until('settlement', async () => {
    const listed = await settlements.all({ count: 10, skip: 0 });
    return listed.count > 0 && listed;
  }));
  const one = step('settlement', await settlements.fetch(found.items[0].id));
  assert.equal(one.amount, 150000 + 20000 + 5000 - one.fees - 40100);
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kolkata' }).format(one.created_at * 1000);
  const [year, month, day] = parts.split('-').map(Number);
  const combined = step('reconciliation', await settlements.reports({ year, month, day, count: 100, skip: 0 }));
  assert.deepEqual(combined.items.map((item) => item.type), [
    'payment', 'refund', 'refund', 'refund', 'payment', 'payment',
  ]);
  await refused('reconciliation of no month', settlements.reports({ year: 2026, month: 13 }), invalid('month'));
}

async function checkWebhooks(state) {
  const { items } = await control('GET', `/webhooks?payment_id=${state.card}`);
  step('webhooks of a payment', items.map((one) => one.event));
  for (const { event_id: eventId } of items) {
    const { body, headers } = await control('GET', `/webhooks/${eventId}`);
    const signature = headers['X-Razorpay-Signature'];
    assert.equal(validateWebhookSignature(body, signature, WEBHOOK_SECRET), true);
    assert.equal(Razorpay.validateWebhookSignature(body, signature, WEBHOOK_SECRET), true);
    const forged = body.replaceAll('20000', '20001');
    assert.equal(validateWebhookSignature(forged, signature, WEBHOOK_SECRET), false);
  }
}

async function beRefused() {
  await refused('wrong secret', connect('wrong').orders.all(), { statusCode: 401 });
  await refused('unknown path', razorpay.api.get({ url: '/nothing' }));
}

async function run() {
  const state = {};
  const parts = [
    makeOrders, findOrders, failThenPay, captureByHand, lookAtPayments, refund, refundByKey, lookAtRefunds,
    collectByUpi, dispute, settle, checkWebhooks, beRefused,
  ];
  for (const part of parts) await part(state);
  process.stdout.write(JSON.stringify(steps));
}

run().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
