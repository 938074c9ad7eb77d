/* What is seen: one view at a time, filled in with text only. It decides nothing. */

// Only black and white together are readable on every colour there is.
const DARK_TEXT = "#000000";
const LIGHT_TEXT = "#ffffff";
// From here on, dark text has the better contrast (relative luminance, WCAG 2).
const LUMINANCE_OF_LIGHT = 0.179;

export const find = (id) => document.getElementById(id);

export function show(name) {
  for (const view of document.querySelectorAll("[data-view]")) {
    view.hidden = view.dataset.view !== name;
  }
  const view = document.querySelector(`[data-view="${name}"]`);
  const target = view.querySelector("input#otp") || view.querySelector("h2") || find("window");
  target.focus({ preventScroll: true });
  find("window").scrollTop = 0;
}

export function isShown(name) {
  return !document.querySelector(`[data-view="${name}"]`).hidden;
}

/* Shows what the merchant says about the payment. */
export function describe(options) {
  const name = text(options.name) || "Merchant";
  document.body.classList.add("open");
  document.body.classList.toggle("moving", (options.modal || {}).animation !== false);
  find("merchant").textContent = name;
  document.title = `Pay ${name} – test mode`;
  reveal("description", text(options.description));
  find("order-id").textContent = text(options.order_id);
  if (/^(https?:|data:image\/)/i.test(text(options.image))) {
    find("logo").src = options.image;
    find("logo").hidden = false;
    find("logo").addEventListener("error", () => { find("logo").hidden = true; });
  }
  colour(text((options.theme || {}).color));
  prefill(options);
}

export function showAmount(amount) {
  for (const place of document.querySelectorAll(".amount-shown")) {
    place.textContent = amount;
  }
  find("total").hidden = false;
}

export function offer(methods, preferred) {
  for (const method of document.querySelectorAll("details.method")) {
    method.hidden = !methods.includes(method.dataset.method);
  }
  find(`method-${methods.includes(preferred) ? preferred : methods[0]}`).open = true;
}

/* Says below a form what is wrong with it, and where. */
export function complain(method, error) {
  clearComplaints();
  find(`wrong-${method}`).textContent = error.description;
  find(`wrong-${method}`).hidden = false;
  const field = error.field && find(error.field);
  if (field) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `wrong-${method}`);
    field.focus();
  }
}

export function clearComplaints() {
  for (const place of document.querySelectorAll(".wrong")) {
    place.hidden = true;
  }
  for (const field of document.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

export function text(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function reveal(id, content) {
  find(id).textContent = content;
  find(id).hidden = !content;
}

function prefill(options) {
  const prefilled = options.prefill || {};
  for (const name of ["contact", "email", "vpa", "name"]) {
    find(name).value = text(prefilled[name]);
  }
  for (const name of ["contact", "email"]) {
    find(name).readOnly = Boolean((options.readonly || {})[name]);
    find(`${name}-field`).hidden = Boolean((options.hidden || {})[name]);
  }
  find("contact-details").hidden = find("contact-field").hidden && find("email-field").hidden;
}

function colour(value) {
  const head = find("head");
  if (!value || !CSS.supports("color", value)) {
    return;
  }
  head.style.backgroundColor = value;
  const [red, green, blue] = getComputedStyle(head).backgroundColor.match(/[\d.]+/g).map(Number);
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  head.style.color = luminance > LUMINANCE_OF_LIGHT ? DARK_TEXT : LIGHT_TEXT;
}

function linear(channel) {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
