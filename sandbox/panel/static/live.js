/* The live list: what happened, newest first, as it comes. Bounded, so that a night of traffic costs nothing. */

import { ask, attempt, say } from "./asking.js";
import { badge, el, facts, find, link, moment, raw } from "./dom.js";

const SHOWN_MAX = 300;
const WORDS = { api_call: "API", control: "control", checkout: "checkout", event: "event", delivery: "delivery", background: "time" };
const IDS = { event_id: "webhook", order_id: "order", payment_id: "order", refund_id: "order" };

// Newest first.
let happenings = [];
let isPaused = false;
let isDrawing = false;
let listeners = [];
let stream = null;
// Counts how often the list was begun, so that an answer that comes late begins nothing.
let turns = 0;

/* Calls listener() whenever something has happened. */
export function onHappening(listener) {
  listeners.push(listener);
}

export async function start() {
  find("live-filter").addEventListener("input", draw);
  find("live-tools").addEventListener("change", draw);
  find("live-tools").addEventListener("submit", (event) => event.preventDefault());
  find("live-pause").addEventListener("click", pause);
  document.addEventListener("visibilitychange", follow);
  await follow();
}

/* A page that nobody looks at gives its connection back: a browser has six for all pages of the sandbox. */
async function follow() {
  const turn = (turns += 1);
  if (stream) {
    stream.close();
    stream = null;
  }
  if (document.visibilityState === "hidden") {
    return;
  }
  const found = await attempt(() => ask("GET", `/happenings?limit=${SHOWN_MAX}`));
  if (!found || turn !== turns) {
    return;
  }
  happenings = found.items;
  draw();
  // The other views look again too.
  listeners.forEach((listener) => listener());
  const after = happenings.length > 0 ? `?after=${happenings[0].seq}` : "";
  stream = new EventSource(`/sandbox/happenings/stream${after}`);
  stream.addEventListener("message", (event) => take(JSON.parse(event.data)));
  stream.addEventListener("error", ({ target }) => {
    // A sandbox that has gone is called again by the browser; one that refuses is not.
    if (target.readyState === EventSource.CLOSED) {
      say("The live list has stopped. Load the page again.", true);
    }
  });
}

export function forget() {
  happenings = [];
  draw();
}

function take(happening) {
  happenings.unshift(happening);
  happenings.length = Math.min(happenings.length, SHOWN_MAX);
  listeners.forEach((listener) => listener());
  if (!isPaused && !isDrawing) {
    // A burst is drawn once.
    isDrawing = true;
    window.requestAnimationFrame(() => { isDrawing = false; draw(); });
  }
}

function pause() {
  isPaused = !isPaused;
  find("live-pause").setAttribute("aria-pressed", String(isPaused));
  find("live-pause").textContent = isPaused ? "Go on" : "Pause";
  draw();
}

/* Rows that are there already stay, with what is unfolded in them and the focus. */
function draw() {
  const sought = find("live-filter").value.trim().toLowerCase();
  const kinds = new Set(Array.from(document.querySelectorAll("#live-tools [name=kind]:checked"), (box) => box.value));
  const wanted = happenings.filter((one) => kinds.has(one.kind) && text(one).includes(sought));
  const present = new Map(Array.from(find("happenings").children, (row) => [row.dataset.seq, row]));
  const rows = wanted.map((one) => present.get(String(one.seq)) || row(one));
  const kept = new Set(rows);
  for (const old of present.values()) {
    if (!kept.has(old)) {
      old.remove();
    }
  }
  rows.forEach((one, position) => {
    const there = find("happenings").children[position];
    if (there !== one) {
      find("happenings").insertBefore(one, there || null);
    }
  });
  find("live-empty").hidden = rows.length > 0;
}

function text(happening) {
  return `${happening.summary} ${JSON.stringify(happening.details)}`.toLowerCase();
}

function row(happening) {
  const { details } = happening;
  const summary = el(
    "summary", {},
    moment(happening.at, true), badge(WORDS[happening.kind] || happening.kind, happening.kind),
    el("span", { class: "words" }, words(happening)), outcome(happening),
  );
  const unfold = el("details", {}, summary);
  // Most rows are never unfolded.
  unfold.addEventListener("toggle", () => { unfold.append(more(details)); }, { once: true });
  return el("li", { "data-seq": happening.seq }, unfold);
}

/* What comes after the arrow stands in a badge of its own. */
function words({ summary, details }) {
  return details.status === undefined ? summary : summary.split(" → ")[0];
}

function outcome({ kind, details }) {
  if (details.status === undefined) {
    return null;
  }
  const isGood = details.status !== null && details.status < 400;
  const answered = details.status === null ? (kind === "delivery" ? "no answer" : "hung up") : String(details.status);
  return badge(details.fault ? `${answered}, fault ${details.fault}` : answered, isGood ? "good" : "bad");
}

function more(details) {
  const pairs = Object.entries(details).map(([name, value]) => {
    if (IDS[name] && value) {
      return [name, link(IDS[name], value)];
    }
    return [name, value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value)];
  });
  const body = details.body ? raw("Body", details.body, true) : null;
  return el("div", { class: "inner" }, facts(pairs.filter(([name]) => name !== "body")), body);
}
