/* Webhook endpoints: add, remove, enable, another secret, other events. */

import { ask, attempt, confirmed } from "./asking.js";
import { badge, button, el, facts, fill, find, moment } from "./dom.js";

const ALL = "*";

export function start() {
  find("endpoint-add").addEventListener("submit", (event) => { event.preventDefault(); add(event.target); });
  find("edit-cancel").addEventListener("click", () => find("edit").close());
}

export async function show() {
  const found = await attempt(() => ask("GET", "/endpoints"));
  if (found) {
    fill(find("endpoints-list"), found.items.map(card));
  }
}

function card(endpoint) {
  const key = (name) => ({ "data-key": `${name}-${endpoint.id}` });
  const path = `/endpoints/${endpoint.id}`;
  return el(
    "li", { class: "card" },
    el("div", { class: "row" }, el("h3", { class: "grow" }, endpoint.url), badge(endpoint.enabled ? "enabled" : "disabled", endpoint.enabled ? "good" : "bad")),
    facts([
      ["Id", endpoint.id], ["Secret", endpoint.secret || "none"],
      ["Events", endpoint.events.includes(ALL) ? "all" : endpoint.events.join(", ")],
      ["Failing since", endpoint.failing_since && moment(endpoint.failing_since)],
    ]),
    el(
      "div", { class: "buttons" },
      endpoint.enabled ? null : button("Enable", () => change("POST", `${path}/enable`, {}, "Enabled."), key("enable")),
      button("Change secret", () => edit(endpoint, "secret"), key("secret")),
      button("Choose events", () => edit(endpoint, "events"), key("events")),
      button("Remove", () => remove(endpoint), { class: "danger", ...key("remove") }),
    ),
  );
}

async function change(method, path, body, words) {
  await attempt(() => ask(method, path, body), words);
  show();
}

async function add(form) {
  const given = new FormData(form);
  const body = { url: given.get("url"), secret: given.get("secret") };
  if (given.getAll("events").length > 0) {
    body.events = given.getAll("events");
  }
  if (await attempt(() => ask("POST", "/endpoints", body), "Added.")) {
    form.reset();
  }
  show();
}

async function remove(endpoint) {
  if (await confirmed("Remove this endpoint?", `Nothing more is sent to ${endpoint.url}.`, "Remove")) {
    change("DELETE", `/endpoints/${endpoint.id}`, undefined, "Removed.");
  }
}

/* One dialog for both: what is not asked for is hidden. */
function edit(endpoint, what) {
  find("edit-title").textContent = what === "secret" ? "Another secret" : "Other events";
  find("edit-secret").hidden = what !== "secret";
  find("edit-events").hidden = what !== "events";
  find("edit-secret-value").required = what === "secret";
  find("edit-secret-value").value = "";
  const boxes = Array.from(find("edit-events").querySelectorAll("input"));
  boxes.forEach((box) => { box.checked = endpoint.events.includes(box.value); });
  find("edit-form").onsubmit = (event) => {
    event.preventDefault();
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    const body = what === "secret" ? { secret: find("edit-secret-value").value } : { events: chosen.length > 0 ? chosen : [ALL] };
    find("edit").close();
    change("POST", `/endpoints/${endpoint.id}/${what}`, body, what === "secret" ? "Signs with it from now on." : "Subscribed.");
  };
  find("edit").showModal();
}
