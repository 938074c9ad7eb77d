/* How a customer leaves: by the close button, Escape, a click beside the window, or because time is over. */

import { find } from "./view.js";

const SECOND_MS = 1000;
const TABBABLE = "button, input, select, summary, a[href]";

/* Calls leave(reason) when the customer goes, after a question if the merchant wants one. */
export function watch(options, isInFrame, leave) {
  const modal = options.modal || {};
  const ask = () => {
    if (modal.confirm_close === true && !find("confirm").open) {
      find("confirm").showModal();
    } else if (modal.confirm_close !== true) {
      leave();
    }
  };
  find("close").addEventListener("click", ask);
  find("leave").addEventListener("click", () => leave());
  find("stay").addEventListener("click", () => find("confirm").close());
  find("really-leave").addEventListener("click", () => leave());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && modal.escape !== false && !find("confirm").open) {
      event.preventDefault();
      ask();
    } else if (event.key === "Tab" && isInFrame) {
      keepFocus(event);
    }
  });
  document.addEventListener("mousedown", (event) => {
    const isBeside = event.target === document.body || event.target === document.documentElement;
    if (isInFrame && isBeside && modal.backdropclose === true) {
      ask();
    }
  });
  const timeout_seconds = Number(options.timeout);
  if (timeout_seconds > 0) {
    countDown(timeout_seconds, () => leave("timeout"));
  }
}

function keepFocus(event) {
  const place = find("confirm").open ? find("confirm") : find("window");
  const stops = Array.from(place.querySelectorAll(TABBABLE)).filter(
    (element) => !element.disabled && element.checkVisibility(),
  );
  const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
  const isAtEdge = document.activeElement === edge || !place.contains(document.activeElement);
  const isBeforeFirst = event.shiftKey && !stops.includes(document.activeElement);
  if (stops.length > 0 && (isAtEdge || isBeforeFirst)) {
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }
}

function countDown(seconds, end) {
  const endsAt = Date.now() + seconds * SECOND_MS;
  const tick = () => {
    const left = Math.max(0, Math.ceil((endsAt - Date.now()) / SECOND_MS));
    find("time-left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left === 0) {
      window.clearInterval(timer);
      end();
    }
  };
  const timer = window.setInterval(tick, SECOND_MS / 4);
  find("timer").hidden = false;
  tick();
}
