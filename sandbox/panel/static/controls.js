/* Clock, deliveries, faults, modes, snapshots, reset; and the chips that say what is not as usual. */

import { ask, attempt, confirmed } from "./asking.js";
import { badge, button, el, fill, find, moment } from "./dom.js";
import { forget } from "./live.js";

const TICK_MS = 1000;
const SWITCHES = ["paused", "duplicate", "shuffle", "corrupt"];
// The last state of the clock, and when it was read.
let clock = null;
// Calls a control, says how it went, and looks again.
let change;

export function start(refresh) {
  change = async (method, path, body, words) => {
    const done = await attempt(() => ask(method, path, body), words);
    refresh();
    return done;
  };
  find("freeze").addEventListener("click", () => change("POST", "/clock", { frozen: !clock.frozen }));
  for (const one of document.querySelectorAll("[data-advance]")) {
    one.addEventListener("click", () => change("POST", "/clock", { advance_seconds: Number(one.dataset.advance) }, "Time has moved on."));
  }
  find("deliveries").addEventListener("submit", (event) => {
    event.preventDefault();
    const body = { delay_seconds: Number(find("delay_seconds").value) };
    SWITCHES.forEach((name) => { body[name] = find("deliveries").elements[name].checked; });
    change("POST", "/deliveries", body, "Set.");
  });
  find("faults-add").addEventListener("submit", (event) => {
    event.preventDefault();
    const given = new FormData(find("faults-add"));
    const body = { endpoint: given.get("endpoint"), fault: given.get("fault"), count: Number(given.get("count")) };
    if (given.get("seconds")) {
      body.seconds = Number(given.get("seconds"));
    }
    change("POST", "/faults", body, "Ordered.");
  });
  find("faults-clear").addEventListener("click", () => change("DELETE", "/faults", undefined, "No faults any more."));
  for (const one of document.querySelectorAll("[data-mode]")) {
    one.addEventListener("change", () => change("POST", `/${one.dataset.mode}`, { mode: one.value }, "Set."));
  }
  find("lag").addEventListener("change", () => change("POST", "/lists", { lag_seconds: Number(find("lag").value) }, "Set."));
  find("snapshots-add").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await change("POST", "/snapshots", { name: find("snapshot-name").value }, "Saved.")) {
      find("snapshots-add").reset();
    }
  });
  find("reset").addEventListener("click", async () => {
    if (await confirmed("Reset the sandbox?", "All orders, payments, refunds and webhooks go.", "Reset")) {
      await change("POST", "/reset", {}, "Empty again.");
      forget();
    }
  });
  window.setInterval(tick, TICK_MS);
}

/* Reads the state that the chips and, on its own view, the cards show. */
export async function show(isWhole) {
  const paths = ["/clock", "/deliveries", "/faults", "/endpoints"];
  const more = isWhole ? ["/refunds", "/receipts", "/upi-collect", "/lists", "/snapshots"] : [];
  const found = await attempt(() => Promise.all([...paths, ...more].map((path) => ask("GET", path))));
  if (!found) {
    return;
  }
  const [time, deliveries, faults, endpoints, refunds, receipts, upi, lists, snapshots] = found;
  clock = { ...time, readAt: Date.now() };
  drawChips(deliveries, faults, endpoints.items);
  tick();
  if (!isWhole) {
    return;
  }
  drawDeliveries(deliveries);
  drawFaults(faults.items);
  find("refunds-mode").value = refunds.mode;
  find("receipts-mode").value = receipts.mode;
  find("upi-mode").value = upi.mode;
  if (document.activeElement !== find("lag")) {
    find("lag").value = lists.lag_seconds;
  }
  drawSnapshots(snapshots.items);
}

function drawChips(deliveries, faults, endpoints) {
  const disabled = endpoints.filter((one) => !one.enabled).length;
  const chips = [
    clock.frozen ? "Clock frozen" : null,
    deliveries.paused ? "Deliveries paused" : null,
    ...["duplicate", "shuffle", "corrupt"].map((name) => (deliveries[name] ? `Deliveries: ${name}` : null)),
    deliveries.delay_seconds > 0 ? `Deliveries ${deliveries.delay_seconds} s late` : null,
    faults.count > 0 ? counted(faults.items.reduce((sum, one) => sum + one.count, 0), "fault", "to come") : null,
    endpoints.length === 0 ? "No webhook endpoint" : null,
    disabled > 0 ? counted(disabled, "endpoint", "disabled") : null,
  ].filter(Boolean);
  fill(find("chips"), chips.map((words) => el("li", {}, badge(words, "warn"))));
}

function counted(count, noun, state) {
  return `${count} ${noun}${count === 1 ? "" : "s"} ${state}`;
}

function tick() {
  if (!clock) {
    return;
  }
  const passed = clock.frozen ? 0 : (Date.now() - clock.readAt) / 1000;
  fill(find("clock"), [moment(clock.now + passed), clock.frozen ? badge("frozen", "warn") : ""]);
  find("freeze").textContent = clock.frozen ? "Let it run" : "Freeze";
}

function drawDeliveries(deliveries) {
  // What somebody is changing is left alone.
  if (find("deliveries").contains(document.activeElement)) {
    return;
  }
  SWITCHES.forEach((name) => { find("deliveries").elements[name].checked = deliveries[name]; });
  find("delay_seconds").value = deliveries.delay_seconds;
}

function drawFaults(faults) {
  fill(find("faults"), faults.map((one) => el(
    "li", {}, `${one.endpoint}: ${one.fault} × ${one.count}`, one.seconds === null ? "" : `, ${one.seconds} s`,
  )));
}

function drawSnapshots(snapshots) {
  fill(find("snapshots"), snapshots.map((one) => {
    const path = `/snapshots/${encodeURIComponent(one.name)}`;
    return el(
      "li", { class: "row" },
      el("div", { class: "grow" }, one.name, el("small", {}, moment(one.saved_at))),
      button("Restore", async () => {
        if (await confirmed("Restore this snapshot?", `Everything becomes what it was in ${one.name}.`, "Restore")) {
          change("POST", `${path}/restore`, {}, "Restored.");
        }
      }, { "aria-label": `Restore ${one.name}`, "data-key": `restore-${one.name}` }),
      button("Delete", async () => {
        if (await confirmed("Delete this snapshot?", `${one.name} cannot be restored any more.`, "Delete")) {
          change("DELETE", path, undefined, "Deleted.");
        }
      }, { class: "danger", "aria-label": `Delete ${one.name}`, "data-key": `delete-${one.name}` }),
    );
  }));
}
