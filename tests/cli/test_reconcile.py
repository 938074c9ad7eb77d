"""`flask reconcile` and `flask discrepancies`: an operator brings both sides together, and decides."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.context import utc_now
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.models import Payment
from gateway.domain.reconciliation.models import ReconciliationRun
from tests.cli.conftest import Ended, run
from tests.conftest import Stack
from tests.support.both_sides import stored, told
from tests.support.client import Sandbox
from tests.support.database import empty_database
from tests.support.domain import a_payment, raw

CAPTURED = "captured at provider, open here → corrected to PAID to match provider"
MISSING = "unknown at provider, paid here → left for a person"


class Operator:
    """Runs commands on a database of the test's own, which no worker knows, and the stack's sandbox."""

    def __init__(self, stack: Stack, mongodb_uri: str, sandbox: Sandbox) -> None:
        self.environ = stack.environ | {"MONGODB_URI": mongodb_uri, "RECONCILE_GRACE_SECONDS": "0"}
        self.sandbox = sandbox

    def __call__(self, *words: str, **environ: str) -> Ended:
        return run(self.environ | environ, *words)

    def payment(self, **fields: Any) -> Payment:
        """Store a payment whose order is open at the sandbox."""
        now = utc_now()
        payment = a_payment(opened=False, created_at=now, updated_at=now, **fields)
        body = {"amount": 50_000, "currency": "INR", "receipt": payment.order_receipt}
        payment.provider_order_id = self.sandbox.api("POST", "/orders", body).json()["id"]
        payment.order_requested_at = None
        return payment.save(force_insert=True)


@pytest.fixture
def operator(stack: Stack, sandbox: Sandbox) -> Iterator[Operator]:
    sandbox.deliveries(paused=True)
    with empty_database(stack.mongodb_uri) as uri:
        yield Operator(stack, uri, sandbox)


def test_what_differs_is_corrected_and_a_second_time_finds_both_sides_agreeing(operator: Operator) -> None:
    paid, unpaid = operator.payment(), operator.payment()
    operator.sandbox.pay(paid.provider_order_id)

    first = operator("reconcile", "--since-hours", "1")

    assert first.code == 0, first.errors
    lines = first.output.splitlines()
    assert re.fullmatch(r"run: [0-9a-f-]{36}", lines[0])
    assert re.fullmatch(r"window: \S+Z to \S+Z", lines[1])
    assert [line for line in lines[2:8] if not line.startswith("foreign")] == [
        "compared: 2",
        "agreed: 1",
        "left for later: 0",
        "corrected: 1",
        "waiting for a person: 0",
    ]
    assert [line.split() for line in lines[8:]] == [
        ["PAYMENT", "STATE", "KIND", "WHAT"],
        [paid.id, "corrected", "payment_captured", *CAPTURED.split()],
    ]
    assert (stored(paid).status, stored(unpaid).status) == ("PAID", "CREATED")
    assert stored(paid).history[-1].by == f"reconciliation:{lines[0].removeprefix('run: ')}"

    second = operator("reconcile", "--since-hours", "1", "--json").json

    assert (second["compared"], second["agreed"], second["corrected"], second["findings"]) == (2, 2, 0, [])


def test_a_dry_run_changes_no_payment(operator: Operator) -> None:
    payment = operator.payment()
    operator.sandbox.pay(payment.provider_order_id)
    before = raw(payment)
    yesterday = (utc_now() - timedelta(days=1)).strftime("%Y-%m-%d")

    ended = operator("reconcile", "--from", yesterday, "--dry-run")

    assert ended.code == 0, ended.errors
    assert "would be corrected: 1" in ended.output.splitlines()
    assert (raw(payment), Discrepancy.objects.count()) == (before, 0)


def test_what_waits_for_a_person_is_told_by_the_exit_status_listed_and_closed(operator: Operator) -> None:
    payment = operator.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_00000000000000")

    ended = operator("reconcile", "--since-hours", "1")

    assert (ended.code, ended.output.splitlines()[7]) == (3, "waiting for a person: 1")
    (listed,) = operator("discrepancies", "list", "--json").json
    assert (listed["paymentId"], listed["state"], listed["sentence"]) == (payment.id, "open", MISSING)
    assert (listed["ours"], listed["theirs"], listed["foundCount"]) == ("captured 500.00 INR", "unknown", 1)
    table = operator("discrepancies", "list").output.splitlines()
    assert len(table) == 2
    assert table[1].startswith(listed["id"])
    assert MISSING in table[1]

    closed = operator("discrepancies", "close", listed["id"], "--note", "paid in cash")
    again = operator("discrepancies", "close", listed["id"], "--note", "paid in cash")

    assert (closed.code, closed.output) == (0, f"closed: {listed['id']}\n")
    assert (again.code, again.output) == (0, f"was closed before: {listed['id']}\n")
    assert operator("discrepancies", "list", "--json").json == []
    (kept,) = operator("discrepancies", "list", "--all", "--json").json
    assert (kept["state"], kept["note"], kept["closedBy"]) == ("closed", "paid in cash", "operator")
    assert told(payment) == [("closed", MISSING)]
    # It is found again, and nobody is asked again.
    assert operator("reconcile", "--since-hours", "1").code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "Error: Say which window: either --from, with or without --to, or --since-hours."),
        (("--from", "2026-11-01", "--since-hours", "3"), "Error: Say which window:"),
        (("--to", "2026-11-01"), "Error: Say which window:"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "Error: The window is not valid."),
        (("--from", "2026-01-01", "--to", "2026-11-01"), "Error: The window is not valid."),
        (("--since-hours", "0"), "Error: Invalid value for '--since-hours'"),
        (("--from", "yesterday"), "Error: Invalid value for '--from'"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(
    words: tuple[str, ...], error: str, operator: Operator
) -> None:
    ended = operator("reconcile", *words)

    assert (ended.code, ended.output) == (2, "")
    assert ended.error.startswith(error)
    assert ReconciliationRun.objects.count() == 0


def test_a_note_is_needed_and_an_unknown_discrepancy_refused(operator: Operator) -> None:
    assert operator("discrepancies", "close", "nothing").code == 2
    assert operator("discrepancies", "close", "nothing", "--note", "  ").code == 2
    ended = operator("discrepancies", "close", "nothing", "--note", "why")
    assert (ended.code, ended.error) == (1, "Error: There is no such discrepancy.")


def test_while_the_provider_is_away_the_command_ends_and_workers_go_on(operator: Operator) -> None:
    payment = operator.payment()
    operator.sandbox.pay(payment.provider_order_id)

    ended = operator("reconcile", "--since-hours", "1", RAZORPAY_BASE_URL="http://127.0.0.1:1")

    (stopped,) = ReconciliationRun.objects
    assert (ended.code, ended.error) == (
        1,
        f"Error: The provider does not answer. Workers go on with run {stopped.id}.",
    )
    assert (stopped.finished_at, stopped.work.kind) == (None, "reconcile")
    assert stopped.work.due_at < utc_now() + timedelta(minutes=1)
    assert stored(payment).status == "CREATED"
