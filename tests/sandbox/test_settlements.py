"""Settlements on the sandbox's clock, and their reconciliation by the day and by the month."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

INDIA = timezone(timedelta(hours=5, minutes=30))
DAY_SECONDS = 86400
ITEM_FIELDS = [
    "entity_id", "type", "debit", "credit", "amount", "currency", "fee", "tax", "on_hold", "settled",
    "created_at", "settled_at", "settlement_id", "posted_at", "credit_type", "description", "notes",
    "payment_id", "settlement_utr", "order_id", "order_receipt", "method", "card_network", "card_issuer",
    "card_type", "dispute_id",
]  # fmt: skip


@pytest.fixture(autouse=True)
def noon(sandbox_server):
    """Begin at noon in India, so that no midnight comes by itself."""
    now = datetime.now(INDIA)
    tomorrow = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    seconds = (tomorrow - now).total_seconds()
    sandbox_server.control("POST", "/clock", {"frozen": True, "advance_seconds": seconds})


def next_day(sandbox) -> datetime:
    sandbox.control("POST", "/clock", {"advance_seconds": DAY_SECONDS})
    return datetime.fromtimestamp(sandbox.control("GET", "/clock")["now"], INDIA)


def settlements(sandbox) -> list[dict]:
    return sandbox.call("GET", "/v1/settlements").json()["items"]


def settled(sandbox, until, count: int) -> list[dict]:
    return until(lambda: (found := settlements(sandbox)) and len(found) == count and found)


def recon(sandbox, day: datetime, query: str = "") -> list[dict]:
    path = f"/v1/settlements/recon/combined?year={day.year}&month={day:%m}{query}"
    answer = sandbox.call("GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["entity"] == "collection"
    return answer.json()["items"]


def test_what_was_captured_and_refunded_is_settled_the_next_day(sandbox_server, sandbox_until):
    order = sandbox_server.order(150_000, receipt="bk-1", notes={"order": "note"})
    payment_id = sandbox_server.pay(
        order["id"], method="card", number="4100280000001007", description="Fees", notes={"a": "b"}
    )
    refund = sandbox_server.refund(payment_id, amount=50_000, notes={"why": "moved"}).json()
    sandbox_server.paid(20_000, capture=False, method="upi", vpa="success@razorpay")
    assert settlements(sandbox_server) == []

    day = next_day(sandbox_server)

    (settlement,) = settled(sandbox_server, sandbox_until, 1)
    payment = sandbox_server.payment(payment_id)
    assert list(settlement) == ["id", "entity", "amount", "status", "fees", "tax", "utr", "created_at"]
    assert (settlement["amount"], settlement["status"]) == (150_000 - payment["fee"] - 50_000, "processed")
    assert (settlement["fees"], settlement["tax"]) == (payment["fee"], payment["tax"])
    assert settlement["created_at"] == int(day.timestamp())
    assert sandbox_server.call("GET", f"/v1/settlements/{settlement['id']}").json() == settlement

    refunded, paid = recon(sandbox_server, day, f"&day={day.day}")
    assert list(paid) == list(refunded) == ITEM_FIELDS
    common = {
        "currency": "INR", "on_hold": False, "settled": True, "settled_at": settlement["created_at"],
        "settlement_id": settlement["id"], "posted_at": None, "credit_type": "default",
        "description": "Fees", "settlement_utr": settlement["utr"], "order_id": order["id"],
        "order_receipt": "bk-1", "method": "card", "card_network": "Visa", "card_issuer": "UTIB",
        "card_type": "credit", "dispute_id": None,
    }  # fmt: skip
    assert paid == {
        **common, "entity_id": payment_id, "type": "payment", "debit": 0, "payment_id": None,
        "credit": 150_000 - payment["fee"], "amount": 150_000, "fee": payment["fee"], "tax": payment["tax"],
        "created_at": payment["created_at"], "notes": {"a": "b"},
    }  # fmt: skip
    assert refunded == {
        **common, "entity_id": refund["id"], "type": "refund", "debit": 50_000, "credit": 0,
        "payment_id": payment_id, "amount": 50_000, "fee": 0, "tax": 0,
        "created_at": refund["created_at"], "notes": {"why": "moved"},
    }  # fmt: skip


def test_everything_is_settled_once(sandbox_server, sandbox_until):
    first = sandbox_server.paid(100_000)
    day = next_day(sandbox_server)
    settled(sandbox_server, sandbox_until, 1)
    second = sandbox_server.paid(100_000)
    third = sandbox_server.paid(100_000)

    other = next_day(sandbox_server)

    settled(sandbox_server, sandbox_until, 2)
    assert [one["entity_id"] for one in recon(sandbox_server, day, f"&day={day:%d}")] == [first]
    assert [one["entity_id"] for one in recon(sandbox_server, other, f"&day={other:%d}")] == [third, second]


def test_a_month_holds_all_its_days_page_by_page(sandbox_server, sandbox_until):
    # The second day of a month, so that the day after is in the same one.
    now = datetime.now(INDIA)
    start = (now.replace(day=1) + timedelta(days=32)).replace(day=2, hour=12, minute=0)
    sandbox_server.control("POST", "/reset")
    seconds = (start - datetime.now(INDIA)).total_seconds()
    sandbox_server.control("POST", "/clock", {"frozen": True, "advance_seconds": seconds})
    made = [sandbox_server.paid(100_000) for _ in range(2)]
    next_day(sandbox_server)
    settled(sandbox_server, sandbox_until, 1)
    made.append(sandbox_server.paid(100_000))
    day = next_day(sandbox_server)
    settled(sandbox_server, sandbox_until, 2)

    found = [one["entity_id"] for one in recon(sandbox_server, day)]

    assert found == made[::-1]
    assert [one["entity_id"] for one in recon(sandbox_server, day, "&count=1&skip=1")] == [made[1]]
    assert recon(sandbox_server, day.replace(year=day.year + 1)) == []


def test_days_are_those_of_india(sandbox_server, sandbox_until):
    sandbox_server.paid()
    # Half past midnight in India is the evening before in Greenwich.
    sandbox_server.control("POST", "/clock", {"advance_seconds": 12.5 * 3600})
    (settlement,) = settled(sandbox_server, sandbox_until, 1)

    day = datetime.fromtimestamp(settlement["created_at"], INDIA)
    assert day.day != datetime.fromtimestamp(settlement["created_at"], UTC).day
    assert len(recon(sandbox_server, day, f"&day={day.day}")) == 1


def test_refunds_that_outweigh_the_payments_wait_for_more(sandbox_server, sandbox_until):
    payment_id = sandbox_server.paid(100_000)
    next_day(sandbox_server)
    settled(sandbox_server, sandbox_until, 1)
    refund = sandbox_server.refund(payment_id).json()
    next_day(sandbox_server)
    sandbox_server.paid(200_000)
    assert len(settlements(sandbox_server)) == 1

    day = next_day(sandbox_server)

    newest, _ = settled(sandbox_server, sandbox_until, 2)
    assert newest["amount"] == 200_000 - newest["fees"] - 100_000
    assert refund["id"] in [one["entity_id"] for one in recon(sandbox_server, day, f"&day={day.day}")]


@pytest.mark.parametrize(("is_settled_before", "kinds"), [(False, []), (True, ["adjustment"])])
def test_a_refund_that_fails_is_struck_out_or_given_back(
    sandbox_server, sandbox_until, is_settled_before, kinds
):
    sandbox_server.control("POST", "/refunds", {"mode": "pending"})
    payment_id = sandbox_server.paid(100_000)
    refund = sandbox_server.refund(payment_id, amount=30_000).json()
    days = 0
    if is_settled_before:
        next_day(sandbox_server)
        days = len(settled(sandbox_server, sandbox_until, 1))

    sandbox_server.control("POST", f"/refunds/{refund['id']}/fail")
    day = next_day(sandbox_server)

    settled(sandbox_server, sandbox_until, days + 1)
    found = recon(sandbox_server, day, f"&day={day.day}")
    assert [one["type"] for one in found if one["type"] != "payment"] == kinds
    assert [one["credit"] for one in found if one["type"] == "adjustment"] == [30_000] * len(kinds)


def test_other_currencies_and_what_was_never_captured_are_not_settled(sandbox_server, sandbox_until):
    dollars = sandbox_server.order(100_000, currency="USD")
    sandbox_server.pay(dollars["id"], method="card", number="4100280000001007")
    uncaptured = sandbox_server.paid(20_000, capture=False, method="upi", vpa="success@razorpay")
    rupees = sandbox_server.paid(100_000)
    sandbox_server.control("POST", "/clock", {"advance_seconds": 4 * DAY_SECONDS})
    sandbox_until(lambda: sandbox_server.payment(uncaptured)["status"] == "refunded")

    settled(sandbox_server, sandbox_until, 1)

    day = datetime.fromtimestamp(sandbox_server.control("GET", "/clock")["now"], INDIA)
    assert [one["entity_id"] for one in recon(sandbox_server, day, f"&day={day.day}")] == [rupees]


@pytest.mark.parametrize(
    ("query", "field", "description"),
    [
        ("month=10", "year", "The year field is required."),
        ("year=26&month=10", "year", "The year must be 4 digits."),
        ("year=0000&month=10", "year", "The year must be 4 digits."),
        ("year=9999&month=12", "year", "The year must be 4 digits."),
        ("year=2026", "month", "The month field is required."),
        ("year=2026&month=13", "month", "The month is not a valid month."),
        ("year=2026&month=x", "month", "The month is not a valid month."),
        ("year=2026&month=10&day=100", "day", "The day must be between 1 and 2 digits."),
        ("year=2026&month=2&day=30", "day", "The day is not a valid day."),
        ("year=2026&month=10&count=0", "count", "The count must be at least 1."),
        ("year=2026&month=10&count=1001", "count", "The count may not be greater than 1000."),
        ("year=2026&month=10&skip=-1", "skip", "The skip must be at least 0."),
    ],
)
def test_a_period_that_is_none_is_refused(sandbox_server, query, field, description):
    answer = sandbox_server.call("GET", f"/v1/settlements/recon/combined?{query}")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BAD_REQUEST_ERROR")
    assert (error["field"], error["description"]) == (field, description)


def test_an_unknown_settlement_is_refused(sandbox_server):
    answer = sandbox_server.call("GET", "/v1/settlements/setl_00000000000000")

    assert (answer.status_code, answer.json()["error"]["description"]) == (
        400,
        "The id provided does not exist",
    )
