"""Row 15: the webhook secret is changed while events that were signed with the old one are still being
repeated, with their old signature. Both secrets are accepted for the overlap, and a secret before them is
refused.
"""

import hmac
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.client import PAYMENTS, Api, Person, Sandbox, open_order, snapshot
from tests.support.events import captured_event, raw, times_kept
from tests.support.steps import has_status
from tests.support.waiting import wait_until

NEW = "the secret that comes after"
ANCIENT = "the secret before the old one"


@pytest.fixture(scope="module")
def rotating_url(start_web: Callable[..., str], stack: Any) -> str:
    """The address of a web process in the middle of a rotation."""
    old = stack.environ["RAZORPAY_WEBHOOK_SECRET"]
    return start_web(RAZORPAY_WEBHOOK_SECRET=NEW, RAZORPAY_WEBHOOK_SECRET_PREVIOUS=old)


@pytest.fixture
def endpoint_id(rotating_url: str, sandbox: Sandbox) -> Iterator[str]:
    """A webhook endpoint at that process, for captured payments alone."""
    body = {"url": f"{rotating_url}{PAYMENTS}/webhook", "secret": ANCIENT, "events": ["payment.captured"]}
    endpoint: dict[str, Any] = sandbox.control("POST", "/endpoints", body).json()
    yield endpoint["id"]
    sandbox.control("DELETE", f"/endpoints/{endpoint['id']}")


def statuses(sandbox: Sandbox, order_id: str, endpoint_id: str) -> list[int]:
    """Return what was answered to the delivery at this endpoint, try by try."""
    deliveries = sandbox.webhooks(order_id=order_id)
    (delivery,) = [each for each in deliveries if each["endpoint_id"] == endpoint_id]
    return [attempt["status"] for attempt in delivery["attempts"]]


def test_events_of_both_secrets_are_accepted_and_of_none_before_them(
    customer: Person, sandbox: Sandbox, endpoint_id: str
) -> None:
    sandbox.deliveries(paused=True)
    orders = {}
    for secret in (ANCIENT, sandbox.webhook_secret, NEW):
        sandbox.control("POST", f"/endpoints/{endpoint_id}/secret", {"secret": secret})
        orders[secret], payment_id = open_order(customer)
        sandbox.pay(orders[secret])

    sandbox.deliveries(paused=False)

    def answered() -> list[list[int]] | None:
        found = [statuses(sandbox, order_id, endpoint_id)[:1] for order_id in orders.values()]
        return found if all(found) else None

    assert wait_until(answered, "three answers") == [[400], [200], [200]]
    has_status(payment_id, "PAID")


@pytest.mark.parametrize(
    ("secret_of", "status"),
    [
        (lambda sandbox: sandbox.webhook_secret, 200),
        (lambda sandbox: NEW, 400),
        (lambda sandbox: ANCIENT, 400),
        (lambda sandbox: "", 400),
    ],
    ids=["its own", "one to come", "an old one", "none"],
)
def test_without_a_rotation_one_secret_is_accepted(
    anonymous: Api, customer: Person, sandbox: Sandbox, secret_of: Callable[[Sandbox], str], status: int
) -> None:
    _, payment_id = open_order(customer)
    # About nobody's order, so that only its signature decides.
    body = raw(captured_event("order_ofSomebodyEls"))
    before = snapshot(payment_id)
    signature = hmac.new(secret_of(sandbox).encode(), body, "sha256").hexdigest()

    headers = {"Content-Type": "application/json", "X-Razorpay-Signature": signature}
    answer = anonymous.post(f"{PAYMENTS}/webhook", data=body, headers=headers)

    assert answer.status_code == status
    assert times_kept(body) == (1 if status == 200 else 0)
    assert snapshot(payment_id) == before
