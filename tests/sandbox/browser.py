"""A browser without scripts, as far as the hosted checkout needs one: it reads forms and posts them."""

from html.parser import HTMLParser

import requests

TIMEOUT = 10
PATH = "/v1/checkout/embedded"
CALLBACK_URL = "https://school.example:8443/payments/callback?cart=7&x=1"
CANCEL_URL = "https://school.example/cart?back=1&y=2"


class Page(HTMLParser):
    """One answer of the checkout: its forms by action, its links, and its visible text."""

    def __init__(self, answer):
        super().__init__()
        self.status, self.headers = answer.status_code, answer.headers
        self.forms, self.links, self.scripts, self.labels, self.words = [], [], [], set(), []
        self.feed(answer.text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        """Collect what a browser would send, follow or load."""
        given = dict(attrs)
        if tag == "form":
            self.forms.append({"action": given["action"], "method": given["method"], "fields": {}})
        elif tag == "input":
            self.forms[-1]["fields"][given["name"]] = given["value"]
        elif tag == "option" and "selected" in given:
            self.forms[-1]["fields"][self.select] = given["value"]
        elif tag == "select":
            self.select = given["name"]
        elif tag == "label":
            self.labels.add(given["for"])
        elif tag == "a":
            self.links.append(given["href"])
        elif tag == "script":
            self.scripts.append(given.get("src"))

    def handle_data(self, data):
        """Collect the text."""
        self.words.append(data)

    def method(self, name):
        """Give the fields of the form of one method of payment."""
        return next(form["fields"] for form in self.forms if form["fields"].get("pay[method]") == name)


def opening(order, **changes):
    """Build the documented form of a merchant's page. A change to None leaves a field out."""
    fields = {
        "key_id": "rzp_test_sandbox", "order_id": order["id"], "amount": str(order["amount"]),
        "currency": order["currency"], "name": "Greenfield School", "description": "Term 1",
        "image": "https://cdn.example/logo.png", "prefill[name]": "Asha Rao",
        "prefill[email]": "asha@example.com", "prefill[contact]": "+919812345678",
        "notes[child]": "Class 4", "callback_url": CALLBACK_URL, "cancel_url": CANCEL_URL,
    }  # fmt: skip
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def post(sandbox, fields, path=PATH):
    """Post a form as a browser does: without keys."""
    return Page(requests.post(sandbox.url + path, data=fields, timeout=TIMEOUT, allow_redirects=False))


def attempt(sandbox, page, method, **entered):
    """Fill in and send the form of one method."""
    fields = page.method(method) | {f"pay[{name}]": value for name, value in entered.items()}
    return post(sandbox, fields, f"{PATH}/pay")


def payments_of(sandbox, order):
    """List an order's payments, newest first."""
    return sandbox.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"]
