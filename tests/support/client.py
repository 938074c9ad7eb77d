"""A client of the API and one of the sandbox, as a program outside would write them."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from gateway.domain.models import Payment
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 30
PASSWORD = "correct horse battery"
PAYMENTS = "/api/v1/payments"
PAYMENT = "/api/payment"
UPI = {"method": "upi", "vpa": "success@razorpay"}
# Told of every answer that an Api gets, on the thread that got it.
WATCHERS: list[Callable[[requests.Response], None]] = []


class Api:
    """HTTP calls to the service, with or without a token. Returns requests' responses."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url
        self.http = requests.Session()
        self.http.hooks["response"].append(_tell_watchers)
        self.token = token
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send one request; `body` as JSON when given, `data`/`headers`/`params` through options."""
        if body is not None:
            options["json"] = body
        return self.http.request(method, self.base_url + path, timeout=TIMEOUT_SECONDS, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        """POST."""
        return self.call("POST", path, body, **options)

    def create_order(
        self, school_id: str, amount: Any = 500, *, key: str | None = None, **more: Any
    ) -> requests.Response:
        """POST /orders."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.post(
            f"{PAYMENTS}/orders", {"schoolId": school_id, "amount": amount, **more}, headers=headers
        )

    def verify(self, checkout: dict[str, str]) -> requests.Response:
        """POST /verify with what Checkout handed over."""
        return self.post(f"{PAYMENTS}/verify", checkout)

    def status(self, order_id: str) -> dict[str, Any]:
        """GET the order's status; returns `data`."""
        answer = self.get(f"{PAYMENTS}/orders/{order_id}/status")
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def refund(
        self, payment_id: str, amount: Any = None, *, key: str | None = None, **more: Any
    ) -> requests.Response:
        """POST /refunds; of all that is left without an amount."""
        body = {"paymentId": payment_id, **({} if amount is None else {"amount": amount}), **more}
        return self.post(f"{PAYMENTS}/refunds", body, headers={"Idempotency-Key": key} if key else {})

    def download(self, receipt: dict[str, Any]) -> requests.Response:
        """GET a receipt's PDF, again while it is being rendered."""

        def fetch() -> requests.Response | None:
            answer = self.get(receipt["downloadUrl"])
            return answer if answer.status_code != 202 else None

        return wait_until(fetch, "the receipt's PDF")


def _tell_watchers(response: requests.Response, **_: Any) -> None:
    for watcher in tuple(WATCHERS):
        watcher(response)


@dataclass
class Person:
    """An account with a client that is logged in."""

    api: Api
    email: str
    user_id: str
    refresh_token: str
    school_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class PaidOrder:
    """An order that was paid and verified."""

    order_id: str
    payment_id: str
    provider_payment_id: str
    receipt: dict[str, Any]
    school_id: str


class Sandbox:
    """The control side of the local Razorpay."""

    def __init__(self, base_url: str, key_id: str, key_secret: str, webhook_secret: str) -> None:
        self.base_url = base_url
        self.auth = (key_id, key_secret)
        self.key_secret = key_secret
        self.webhook_secret = webhook_secret

    def control(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Call a control under /sandbox."""
        return requests.request(
            method, f"{self.base_url}/sandbox{path}", json=body, timeout=TIMEOUT_SECONDS, **options
        )

    def pay(self, order_id: str, how: dict[str, Any] | None = None, **more: Any) -> dict[str, str]:
        """Let a customer pay; returns what Checkout hands over."""
        answer = self.control("POST", f"/orders/{order_id}/pay", {**(how or UPI), **more})
        assert answer.status_code == 200, answer.text
        checkout: dict[str, str] = answer.json()
        return checkout

    def fail(self, order_id: str) -> dict[str, Any]:
        """Let a customer try to pay and fail; returns the error that Checkout shows."""
        answer = self.control("POST", f"/orders/{order_id}/pay", {"method": "upi", "vpa": "failure@razorpay"})
        assert answer.status_code == 400, answer.text
        error: dict[str, Any] = answer.json()["error"]
        return error

    def fault(self, endpoint: str, fault: str, count: int = 1, **more: Any) -> None:
        """Make the next calls of an endpoint go wrong."""
        body = {"endpoint": endpoint, "fault": fault, "count": count, **more}
        answer = self.control("POST", "/faults", body)
        assert answer.status_code in (200, 201), answer.text

    def clear_faults(self) -> None:
        """Take back faults that were not used up."""
        self.control("DELETE", "/faults")

    def deliveries(self, **switches: Any) -> None:
        """Pause, duplicate or otherwise bend the delivery of webhooks."""
        answer = self.control("POST", "/deliveries", switches)
        assert answer.status_code == 200, answer.text

    def webhooks(self, **query: Any) -> list[dict[str, Any]]:
        """List deliveries, newest first."""
        items: list[dict[str, Any]] = self.control("GET", "/webhooks", params={"limit": 100, **query}).json()[
            "items"
        ]
        return items

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Call the provider's own API, as the service would."""
        return requests.request(
            method, f"{self.base_url}/v1{path}", json=body, auth=self.auth, timeout=TIMEOUT_SECONDS, **options
        )

    def orders_with_receipt(self, order_receipt: str) -> list[dict[str, Any]]:
        """Every provider order that carries our receipt number."""
        items: list[dict[str, Any]] = self.api("GET", "/orders", params={"receipt": order_receipt}).json()[
            "items"
        ]
        return items

    def refunds_of(self, provider_payment_id: str) -> list[dict[str, Any]]:
        """Every refund of a provider payment."""
        items: list[dict[str, Any]] = self.api(
            "GET", f"/payments/{provider_payment_id}/refunds", params={"count": 100}
        ).json()["items"]
        return items

    def sign(self, body: bytes) -> str:
        """Return the webhook signature of a raw body."""
        return hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()

    def sign_checkout(self, order_id: str, payment_id: str) -> str:
        """Return Checkout's signature."""
        return hmac.new(
            self.key_secret.encode(), f"{order_id}|{payment_id}".encode(), hashlib.sha256
        ).hexdigest()


def send_webhook(
    api: Api, sandbox: Sandbox, event: Any, *, event_id: str | None = None, signature: str | None = None
) -> requests.Response:
    """Deliver an event to the service as the provider would. event: bytes as they are, or data."""
    body = event if isinstance(event, bytes) else json.dumps(event, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", "X-Razorpay-Signature": signature or sandbox.sign(body)}
    if event_id:
        headers["X-Razorpay-Event-Id"] = event_id
    return api.post(f"{PAYMENTS}/webhook", data=body, headers=headers)


def payment_event(name: str, payment: dict[str, Any]) -> dict[str, Any]:
    """Return an event like the documented example, about this payment entity."""
    return {
        "account_id": "acc_xyz",
        "contains": ["payment"],
        "created_at": 1640995200,
        "entity": "event",
        "event": name,
        "payload": {"payment": {"entity": payment}},
    }


def register(base_url: str) -> Person:
    """Create an account and log in."""
    api = Api(base_url)
    email = f"{uuid.uuid4().hex}@example.com"
    answer = api.post(
        "/api/user/register",
        {"name": "Asha Rao", "email": email, "password": PASSWORD, "phoneNumber": "+919000000001"},
    )
    assert answer.status_code == 201, answer.text
    return log_in(base_url, email, PASSWORD)


def log_in(base_url: str, email: str, password: str) -> Person:
    """Log in to an account."""
    answer = Api(base_url).post("/api/user/login", {"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return Person(Api(base_url, body["token"]), email, body["data"]["user"]["id"], body["refreshToken"])


def open_order(person: Person, amount: Any = 500, **more: Any) -> tuple[str, str]:
    """Create an order; returns the provider order's id and the payment's id."""
    answer = person.api.create_order(person.school_id, amount, **more)
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    return data["order"]["id"], data["payment"]["id"]


def paid_order(
    person: Person, sandbox: Sandbox, amount: Any = 500, how: dict[str, Any] | None = None
) -> PaidOrder:
    """Create an order, pay it and verify it."""
    order_id, payment_id = open_order(person, amount)
    checkout = sandbox.pay(order_id, how)
    answer = person.api.verify(checkout)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["payment"]["status"] == "PAID"
    return PaidOrder(order_id, payment_id, checkout["razorpay_payment_id"], data["receipt"], person.school_id)


def stored(payment_id: str) -> Payment:
    """Return the payment as it lies in the database."""
    return Payment.objects.get(id=payment_id)


def snapshot(payment_id: str) -> dict[str, Any]:
    """Return everything stored about a payment, to compare before and after a refusal."""
    return dict(Payment._get_collection().find_one({"_id": payment_id}))
