/* Where the window stands, and how it tells the merchant: in a frame by messages, on its own by forms. Both give
   the same four functions: onClose, failed, succeeded and dismissed. */

const ORIGIN_OF_FILES = "null";

/* Gives the merchant's options and the host. In a frame they come from the page that opened it, and from no other
   sender. */
export function connect(place) {
  return place === "frame" ? connectFrame() : Promise.resolve(connectPage());
}

function connectFrame() {
  const given = new URLSearchParams(window.location.hash.slice(1));
  const nonce = given.get("nonce");
  const origin = given.get("origin");
  // A page from a file has no origin that messages could be sent to.
  const target = origin === ORIGIN_OF_FILES ? "*" : origin;
  let close = () => {};
  const send = (type, content) => window.parent.postMessage({ type, nonce, ...content }, target);
  const host = {
    onClose: (listener) => { close = listener; },
    failed: (error) => send("failed", { error }),
    succeeded: (result) => send("succeeded", { result }),
    dismissed: (reason) => send("dismissed", { reason }),
    endsWithFailure: false,
  };
  return new Promise((resolve) => {
    window.addEventListener("message", (event) => {
      const message = event.data;
      const isFromOpener = event.source === window.parent && event.origin === origin;
      if (!isFromOpener || typeof message !== "object" || message === null || message.nonce !== nonce) {
        return;
      }
      if (message.type === "open") {
        resolve({ options: message.options, host });
      } else if (message.type === "close") {
        close();
      }
    });
    if (nonce && origin && window.parent !== window) {
      send("ready");
    }
  });
}

function connectPage() {
  const options = JSON.parse(decodeURIComponent(window.location.hash.slice(1)));
  const host = {
    onClose: () => {},
    failed: (error) => post(options.callback_url, errorFields(error)),
    succeeded: (result) => post(options.callback_url, result),
    dismissed: () => leave(options.cancel_url),
    endsWithFailure: true,
  };
  return { options, host };
}

/* The error as Checkout posts it: metadata is JSON in a text. */
function errorFields(error) {
  const fields = {};
  for (const name of ["code", "description", "source", "step", "reason", "field"]) {
    if (error[name] !== undefined && error[name] !== null) {
      fields[`error[${name}]`] = error[name];
    }
  }
  fields["error[metadata]"] = JSON.stringify(error.metadata);
  return fields;
}

function post(url, fields) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  form.hidden = true;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

function leave(url) {
  if (url && /^https?:/i.test(url)) {
    window.location.assign(url);
  } else {
    window.history.back();
  }
}
