"""A merchant's shop for the tests of Checkout: one strict page that opens it, and what it is told.

The page allows of the sandbox what a page must allow of the real Checkout, and nothing more.
"""

import html
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shop</title>
<link rel="icon" href="data:,">
<script src="{script}"></script>
<script src="/shop.js" defer></script>
</head>
<body>
<main>
<h1>Shop</h1>
<button id="pay" data-options="{options}">Pay</button>
<a id="other" href="/elsewhere">Elsewhere</a>
</main>
</body>
</html>"""
FORM = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Form</title><link rel="icon" href="data:,"></head>
<body>
<main>
<form action="/charge" method="post">
<script src="{script}" {data}></script>
<input type="hidden" name="cart" value="7">
</form>
</main>
</body>
</html>"""
# `told` is all that the page learns from Checkout, in order.
SCRIPT = """
window.told = [];
const button = document.getElementById("pay");
const options = JSON.parse(button.dataset.options);
if (options.handler) { options.handler = (result) => window.told.push(["handler", result]); }
options.modal = Object.assign(options.modal || {}, {
  ondismiss: (reason) => window.told.push(["dismissed", reason || null]),
});
window.checkout = new window.Razorpay(options);
window.checkout.on("payment.failed", (response) => window.told.push(["failed", response.error]));
button.addEventListener("click", () => { window.checkout.open(); });
"""


class Merchant:
    """The shop. options: what its page gives to Checkout; handler: true stands for a function."""

    def __init__(self, checkout_url: str) -> None:
        self.checkout_url = checkout_url
        self.options: dict[str, Any] = {}
        self.posted: list[tuple[str, dict[str, str]]] = []
        merchant = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/shop.js":
                    self._answer(SCRIPT, "text/javascript")
                elif self.path == "/form":
                    self._answer(merchant.form(), "text/html")
                else:
                    self._answer(merchant.page(), "text/html")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                merchant.posted.append((self.path, dict(parse_qsl(body, keep_blank_values=True))))
                self._answer("<!doctype html><title>Thanks</title><h1>Thanks</h1>", "text/html")

            def _answer(self, content: str, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Security-Policy", merchant.policy())
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def policy(self) -> str:
        """Give the page's Content-Security-Policy."""
        sandbox = self.checkout_url
        return (
            f"default-src 'none'; script-src 'self' {sandbox}; frame-src {sandbox}; connect-src {sandbox}; "
            "style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
        )

    def page(self) -> str:
        """Give the page."""
        options = html.escape(json.dumps(self.options))
        return PAGE.format(script=f"{self.checkout_url}/v1/checkout.js", options=options)

    def form(self) -> str:
        """Give the page whose form Checkout serves by itself. options: plain texts."""
        data = " ".join(f'data-{name}="{html.escape(str(value))}"' for name, value in self.options.items())
        return FORM.format(script=f"{self.checkout_url}/v1/checkout.js", data=data)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
