/* Checkout, as a merchant's page loads it: new Razorpay(options).open(). It shows nothing of its own but a frame
   with the sandbox's window, and sets styles through the DOM only, so that a page with a strict
   Content-Security-Policy needs no more than script-src and frame-src for this origin. */
(function () {
  "use strict";

  const script = document.currentScript || document.querySelector('script[src*="/v1/checkout.js"]');
  const ORIGIN = new URL(script.src, document.baseURI).origin;
  const FRAME_URL = ORIGIN + "/v1/checkout/public";
  const PAGE_URL = ORIGIN + "/v1/checkout/page";
  // How long the window may take to show up, and a page to go back by one entry of its history.
  const READY_MS_MAX = 15000;
  const BACK_MS_MAX = 1000;
  // What the window gets to know. Functions stay here.
  const SENT_OPTIONS = [
    "key", "amount", "currency", "name", "order_id", "description", "image", "prefill", "notes", "theme",
    "timeout", "retry", "readonly", "hidden", "callback_url", "cancel_url",
  ];
  const SENT_MODAL_OPTIONS = ["backdropclose", "escape", "confirm_close", "animation"];
  const DEFAULT_BACKDROP = "rgba(0, 0, 0, 0.6)";

  // One window at a time: the opening that is under way.
  let current = null;

  function Razorpay(options) {
    if (!(this instanceof Razorpay)) {
      return new Razorpay(options);
    }
    if (typeof options !== "object" || options === null) {
      throw new Error("Invalid options");
    }
    if (!options.key) {
      throw new Error("No key passed");
    }
    this.options = options;
    this._listeners = {};
  }

  Razorpay.prototype.on = function (name, listener) {
    if (typeof listener === "function") {
      (this._listeners[name] = this._listeners[name] || []).push(listener);
    }
    return this;
  };

  Razorpay.prototype.off = function (name, listener) {
    const kept = (this._listeners[name] || []).filter((one) => listener && one !== listener);
    this._listeners[name] = kept;
    return this;
  };

  Razorpay.prototype.open = function () {
    if (current) {
      return this;
    }
    if (this.options.redirect === true && isPosted(this.options)) {
      const sent = encodeURIComponent(JSON.stringify(sentOptions(this.options)));
      // Behind the # it is not sent to any server and has no limit of length.
      window.location.assign(PAGE_URL + "#" + sent);
      return this;
    }
    current = new Opening(this);
    return this;
  };

  Razorpay.prototype.close = function () {
    if (current && current.razorpay === this) {
      current.requestClose();
    }
  };

  Razorpay.prototype._emit = function (name, event) {
    (this._listeners[name] || []).slice().forEach((listener) => listener.call(this, event));
  };

  // The handler wins when both are given.
  function isPosted(options) {
    return Boolean(options.callback_url) && typeof options.handler !== "function";
  }

  function sentOptions(options) {
    const modal = options.modal || {};
    const sent = { modal: {} };
    SENT_OPTIONS.forEach((name) => { sent[name] = options[name]; });
    SENT_MODAL_OPTIONS.forEach((name) => { sent.modal[name] = modal[name]; });
    return JSON.parse(JSON.stringify(sent));
  }

  /* One window, from its opening to its end. */
  function Opening(razorpay) {
    this.razorpay = razorpay;
    this.modal = razorpay.options.modal || {};
    this.nonce = madeNonce();
    this.isReady = false;
    this.focusedBefore = document.activeElement;
    this.hiddenBefore = [];
    this.overflowBefore = document.documentElement.style.overflow;
    this.hasHistoryEntry = false;
    this.onMessage = this.onMessage.bind(this);
    this.onKey = this.onKey.bind(this);
    this.onBack = this.onBack.bind(this);
    this.show();
  }

  Opening.prototype.show = function () {
    const options = this.razorpay.options;
    this.overlay = document.createElement("div");
    this.overlay.className = "razorpay-container";
    this.overlay.setAttribute("role", "dialog");
    this.overlay.setAttribute("aria-modal", "true");
    this.overlay.setAttribute("aria-label", options.name ? "Payment to " + options.name : "Payment");
    this.overlay.tabIndex = -1;
    Object.assign(this.overlay.style, {
      outline: "none", position: "fixed", inset: "0", zIndex: "2147483647", margin: "0", backgroundColor: DEFAULT_BACKDROP,
    });
    if (options.theme && options.theme.backdrop_color) {
      // A value that is no colour changes nothing.
      this.overlay.style.backgroundColor = String(options.theme.backdrop_color);
    }
    this.frame = document.createElement("iframe");
    this.frame.className = "razorpay-checkout-frame";
    this.frame.title = "Razorpay Checkout";
    this.frame.allow = "payment";
    Object.assign(this.frame.style, {
      // With another colour scheme than its page's, a browser would paint the frame's backdrop.
      display: "block", width: "100%", height: "100%", border: "0", margin: "0", background: "transparent",
      colorScheme: "light dark",
    });
    this.frame.src = FRAME_URL + "#" + new URLSearchParams({ nonce: this.nonce, origin: window.location.origin });
    this.overlay.appendChild(this.frame);
    this.hideBackground();
    document.body.appendChild(this.overlay);
    window.addEventListener("message", this.onMessage);
    window.addEventListener("keydown", this.onKey, true);
    this.addHistoryEntry();
    // The frame gets the focus once it listens; Escape must close a window that never shows up as well.
    this.overlay.focus();
    this.readyTimer = window.setTimeout(() => {
      console.error("Razorpay Checkout did not load from " + ORIGIN);
      this.dismiss();
    }, READY_MS_MAX);
  };

  Opening.prototype.hideBackground = function () {
    this.hiddenBefore = Array.from(document.body.children).filter((element) => !element.inert);
    this.hiddenBefore.forEach((element) => { element.inert = true; });
    document.documentElement.style.overflow = "hidden";
  };

  Opening.prototype.addHistoryEntry = function () {
    if (this.modal.handleback === false) {
      return;
    }
    window.history.pushState({ razorpay: this.nonce }, "");
    this.hasHistoryEntry = true;
    window.addEventListener("popstate", this.onBack);
  };

  Opening.prototype.onBack = function () {
    this.hasHistoryEntry = false;
    this.requestClose();
  };

  Opening.prototype.onKey = function (event) {
    // The window listens for itself; this is for the moment before it has the focus.
    if (event.key === "Escape" && this.modal.escape !== false) {
      event.preventDefault();
      this.requestClose();
    }
  };

  Opening.prototype.onMessage = function (event) {
    const message = event.data;
    const isOurs = event.source === this.frame.contentWindow && event.origin === ORIGIN;
    if (!isOurs || typeof message !== "object" || message === null || message.nonce !== this.nonce) {
      return;
    }
    if (message.type === "ready" && !this.isReady) {
      this.isReady = true;
      window.clearTimeout(this.readyTimer);
      this.send("open", { options: sentOptions(this.razorpay.options) });
      this.frame.focus();
    } else if (message.type === "failed") {
      this.razorpay._emit("payment.failed", { error: message.error });
    } else if (message.type === "succeeded") {
      this.finish(() => this.handOver(message.result));
    } else if (message.type === "dismissed") {
      this.dismiss(message.reason);
    }
  };

  Opening.prototype.send = function (type, content) {
    this.frame.contentWindow.postMessage(Object.assign({ type: type, nonce: this.nonce }, content), ORIGIN);
  };

  /* Closes the window as its own button does: it may have a payment to cancel first. */
  Opening.prototype.requestClose = function () {
    if (this.isReady) {
      this.send("close");
    } else {
      this.dismiss();
    }
  };

  Opening.prototype.dismiss = function (reason) {
    this.finish(() => {
      if (typeof this.modal.ondismiss === "function") {
        this.modal.ondismiss(reason);
      }
    });
  };

  Opening.prototype.handOver = function (result) {
    const options = this.razorpay.options;
    if (typeof options.handler === "function") {
      options.handler(result);
    } else if (options.callback_url) {
      post(options.callback_url, result);
    }
  };

  /* Takes the window away, and goes on only when the page is as it was: a handler may lead to another page, which
     a step back in the history that is still under way would undo. */
  Opening.prototype.finish = function (next) {
    if (current !== this) {
      return;
    }
    window.clearTimeout(this.readyTimer);
    window.removeEventListener("message", this.onMessage);
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("popstate", this.onBack);
    this.overlay.remove();
    this.hiddenBefore.forEach((element) => { element.inert = false; });
    document.documentElement.style.overflow = this.overflowBefore;
    current = null;
    if (this.focusedBefore && typeof this.focusedBefore.focus === "function") {
      this.focusedBefore.focus();
    }
    if (this.hasHistoryEntry && window.history.state && window.history.state.razorpay === this.nonce) {
      goBack(next);
    } else {
      next();
    }
  };

  function goBack(next) {
    let isDone = false;
    const once = () => {
      if (!isDone) {
        isDone = true;
        window.removeEventListener("popstate", once);
        next();
      }
    };
    window.addEventListener("popstate", once);
    window.setTimeout(once, BACK_MS_MAX);
    window.history.back();
  }

  function post(url, fields) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = url;
    form.hidden = true;
    Object.keys(fields).forEach((name) => form.appendChild(hiddenInput(name, fields[name])));
    document.body.appendChild(form);
    form.submit();
  }

  function hiddenInput(name, value) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    return input;
  }

  function madeNonce() {
    const bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /* The automatic form: <form action="…"><script src="…/v1/checkout.js" data-key="…" data-order_id="…"></script>.
     It gets a button, and is sent with the result in hidden fields. */
  function serveForm(form, data) {
    const options = optionsOf(data);
    const button = document.createElement("input");
    button.type = "submit";
    button.className = "razorpay-payment-button";
    button.value = options.buttontext || "Pay Now";
    form.appendChild(button);
    options.handler = (result) => {
      Object.keys(result).forEach((name) => form.appendChild(hiddenInput(name, result[name])));
      form.submit();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      new Razorpay(options).open();
    });
  }

  /* data-prefill.name="Asha" becomes {prefill: {name: "Asha"}}. */
  function optionsOf(data) {
    const options = {};
    Object.keys(data).forEach((name) => {
      const path = name.split(".");
      const last = path.pop();
      const target = path.reduce((inner, key) => (inner[key] = inner[key] || {}), options);
      target[last] = data[name];
    });
    return options;
  }

  window.Razorpay = Razorpay;
  if (script.dataset.key && script.closest("form")) {
    serveForm(script.closest("form"), script.dataset);
  }
})();
