/* The views, by what stands behind the # of the address, and what makes them look again. */

import { ask, attempt } from "./asking.js";
import * as controls from "./controls.js";
import { find } from "./dom.js";
import * as endpoints from "./endpoints.js";
import * as live from "./live.js";
import * as orders from "./orders.js";
import * as webhooks from "./webhooks.js";

// What comes in a burst is looked at once, this long after its first.
const SETTLE_MS = 500;
const HOME = "live";
const VIEWS = {
  live: () => controls.show(false),
  orders: () => orders.show(),
  order: (id) => orders.showOne(id),
  webhooks: () => webhooks.show(),
  webhook: (id) => webhooks.showOne(id),
  endpoints: () => endpoints.show(),
  controls: () => controls.show(true),
};
// A view of one thing belongs to the list of all.
const LISTS = { order: "orders", webhook: "webhooks" };
let waiting = false;

function place() {
  const [name, ...id] = window.location.hash.slice(1).split("/");
  return Object.hasOwn(VIEWS, name) ? [name, decoded(id.join("/"))] : [HOME, ""];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function show() {
  const [name, id] = place();
  for (const view of document.querySelectorAll("[data-view]")) {
    view.hidden = view.dataset.view !== name;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${LISTS[name] || name}`) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  VIEWS[name](id);
}

/* Looks again at what is shown, without disturbing what somebody is filling in. */
function refresh() {
  const [name, id] = place();
  if (name !== "live" && name !== "controls") {
    controls.show(false);
  }
  // Whoever has asked for older orders is reading them.
  if (name !== "orders" || window.scrollY === 0) {
    VIEWS[name](id);
  }
}

function settle() {
  if (!waiting) {
    waiting = true;
    window.setTimeout(() => { waiting = false; refresh(); }, SETTLE_MS);
  }
}

async function main() {
  orders.start();
  webhooks.start();
  endpoints.start();
  controls.start(refresh);
  window.addEventListener("hashchange", () => { show(); find("main").focus(); });
  live.onHappening(settle);
  show();
  if (place()[0] !== "live") {
    controls.show(false);
  }
  live.start();
  const health = await attempt(() => ask("GET", "/health"));
  if (health) {
    find("key").textContent = health.key_id;
  }
}

main();
