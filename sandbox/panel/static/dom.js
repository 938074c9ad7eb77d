/* Elements from data. What comes from outside becomes text, never markup: there is no other way in here. */

export const find = (id) => document.getElementById(id);

/* el("p", {class: "x", onclick: f}, "text", child): null children are left out. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (key.startsWith("on")) {
      element.addEventListener(key.slice(2), value);
    } else {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/* Exchanges what is in a place, if it is not the same already: what is drawn again under a finger is missed. What
   has the same data-key keeps the focus, and what has the same data-fold stays folded or unfolded. */
export function fill(place, children) {
  const folds = new Map(Array.from(place.querySelectorAll("details[data-fold]"), (one) => [one.dataset.fold, one.open]));
  const drawn = el("div", {}, children);
  for (const one of drawn.querySelectorAll("details[data-fold]")) {
    one.open = folds.has(one.dataset.fold) ? folds.get(one.dataset.fold) : one.open;
  }
  if (drawn.innerHTML === place.innerHTML) {
    return;
  }
  const focused = document.activeElement;
  const key = place.contains(focused) ? focused.dataset.key : undefined;
  place.replaceChildren(...drawn.childNodes);
  if (key) {
    const again = Array.from(place.querySelectorAll("[data-key]")).find((one) => one.dataset.key === key);
    (again || find("main")).focus({ preventScroll: true });
  }
}

export function button(words, onclick, properties = {}) {
  return el("button", { type: "button", onclick, ...properties }, words);
}

export function badge(words, tone = "") {
  return el("span", { class: `badge ${tone}` }, words);
}

/* A list of names and values; empty values are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", {}, shown.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

export function link(kind, id, words = id) {
  return el("a", { href: `#${kind}/${encodeURIComponent(id)}`, "data-key": `${kind}-${id}` }, words);
}

/* A text as it is, to unfold. fold: what tells it from others of the same title. */
export function raw(title, text, isOpen = false, fold = title) {
  const place = el("pre", { tabindex: "0", role: "region", "aria-label": title }, text);
  return el("details", { class: "raw", open: isOpen, "data-fold": fold }, el("summary", {}, title), place);
}

/* A moment of the sandbox's clock, which may be far from today. */
export function moment(seconds, isShort = false) {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString([], { hour12: false });
  const day = date.toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" });
  return el("time", { datetime: date.toISOString(), title: `${day}, ${time}` }, isShort ? time : `${day}, ${time}`);
}

export function money(amount_minor, currency) {
  const format = new Intl.NumberFormat("en-IN", { style: "currency", currency });
  return format.format(amount_minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

export function toneOfStatus(status) {
  if (["paid", "captured", "processed", "delivered"].includes(status)) {
    return "good";
  }
  return ["failed", "disabled"].includes(status) ? "bad" : "";
}
