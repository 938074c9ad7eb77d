"""Row 23: clocks of hosts that differ by ten minutes, and the provider's from ours; leap days. Tokens are
good on every host, and nothing is counted by the wrong day. Schedulers are in test_23_schedulers.py.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from gateway.domain import payments, planning, refunds
from gateway.domain.context import Cause, Context, Limits, utc_now
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.client import Api, Person, Sandbox, open_order, paid_order, stored
from tests.support.domain import a_payment, runtime_of
from tests.support.own_service import OwnService
from tests.support.queue import make_due
from tests.support.steps import calls_to
from tests.support.tokens import with_claims
from tests.support.waiting import wait_until

TEN_MINUTES = timedelta(minutes=10)
CLOCKS = {"ten minutes ahead": TEN_MINUTES, "ten minutes behind": -TEN_MINUTES}
A_CLOCK = pytest.mark.parametrize("off", CLOCKS.values(), ids=CLOCKS)


def on_a_host(stack: Stack, off: timedelta) -> Context:
    """Return the surroundings of a call on a host whose clock is off by so much."""
    context = runtime_of(stack.environ).context(by="test")
    return Context(
        provider=context.provider,
        cause=Cause(by="worker:on another host", correlation_id="another host"),
        limits=context.limits,
        now=lambda: utc_now() + off,
    )


def later(payment_id: str) -> Payment:
    """Return the payment at rest. What a host has planned whose clock is ahead comes due as much later by the
    clocks of the others, and that time passes here."""

    def resting() -> Payment | None:
        payment = stored(payment_id)
        if payment.work and payment.work.claimed_until is None:
            assert payment.work.due_at - utc_now() <= TEN_MINUTES
            make_due(payment)
        return None if payment.work else payment

    return wait_until(resting, f"payment {payment_id} coming to rest", deadline_seconds=40)


@A_CLOCK
def test_hosts_whose_clocks_differ_capture_and_refund_once(
    off: timedelta, stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id, capture=False)
    there = on_a_host(stack, off)

    def on_both(work: Callable[[Context, str], object], ask: Callable[[], object]) -> None:
        """Let the other host look for the work again and again while it comes up and is done."""
        over = threading.Event()

        def look() -> None:
            while not over.is_set():
                work(there, payment_id)

        with ThreadPoolExecutor(1) as other:
            looking = other.submit(look)
            try:
                ask()
            finally:
                over.set()
            looking.result(30)

    on_both(payments.capture, lambda: customer.api.verify(checkout))
    wait_until(lambda: stored(payment_id).captured_minor, "the capture")
    later(payment_id)
    on_both(refunds.issue, lambda: customer.api.refund(payment_id, 200))
    wait_until(lambda: stored(payment_id).refunded_minor, "the refund")

    payment = later(payment_id)
    assert (payment.status, payment.refunded_minor, payment.needs_review) == ("PARTIAL_REFUND", 20_000, False)
    captures = calls_to(sandbox, "POST", f"{checkout['razorpay_payment_id']}/capture")
    assert [call["status"] for call in captures].count(200) == 1
    refunds_there = sandbox.refunds_of(checkout["razorpay_payment_id"])
    assert [refund["amount"] for refund in refunds_there] == [20_000]


@A_CLOCK
def test_a_token_of_a_host_whose_clock_is_off_is_good_on_the_others(
    off: timedelta, stack: Stack, customer: Person
) -> None:
    claims = jwt.decode(customer.api.token or "", options={"verify_signature": False})
    seconds = int(off.total_seconds())
    moved = {name: claims[name] + seconds for name in ("iat", "nbf", "exp")}
    token = with_claims(customer.api.token or "", stack.environ["JWT_SECRET_KEY"], **moved)

    answer = Api(stack.api_url, token).get("/api/user/me")

    assert answer.status_code == 200


def test_a_provider_whose_clock_is_ahead_dates_nothing_into_the_future(service: OwnService) -> None:
    person = service.person()
    service.time_passes(TEN_MINUTES.total_seconds())

    paid = paid_order(person, service.sandbox)
    person.api.refund(paid.payment_id, 200)

    payment = service.has_status(paid.payment_id, "PARTIAL_REFUND")
    now = datetime.now(UTC)
    assert payment["created_at"] <= payment["paid_at"] <= now
    assert all(entry["at"] <= now for entry in payment["history"])


@pytest.mark.parametrize(
    ("created", "looked_at"),
    [
        ("2028-02-28T23:50:00+00:00", "2028-02-29T00:05:00+00:00"),
        ("2028-02-29T23:50:00+00:00", "2028-03-01T00:05:00+00:00"),
        # Clocks in New York go forward, and back, between the two.
        ("2026-03-08T06:50:00+00:00", "2026-03-08T07:05:00+00:00"),
        ("2026-11-01T05:50:00+00:00", "2026-11-01T06:05:00+00:00"),
    ],
)
def test_windows_are_as_long_on_leap_days_and_when_clocks_change(created: str, looked_at: str) -> None:
    at = datetime.fromisoformat(created)
    payment = a_payment(created_at=at, updated_at=at, order_wanted_since=at)

    planning.plan_payment(payment, at, Limits())

    assert payment.work.due_at == datetime.fromisoformat(looked_at)
    days = Limits().payment_abandoned_after_days
    assert planning.abandoned_at(payment, Limits()) - at == timedelta(days=days)
