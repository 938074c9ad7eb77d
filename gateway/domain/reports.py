"""Lists and statistics over payments that the viewer may see. Reads only."""

from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gateway.domain import access
from gateway.domain.access import Viewer
from gateway.domain.models import Payment
from gateway.domain.money import to_major
from gateway.domain.states import FAILED, SUCCESSFUL

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Page:
    """One page of payments, newest first, and how many there are in all."""

    payments: list[Payment]
    total: int


def payments_of_school(viewer: Viewer, school_id: str, *, status: str | None, page: int, limit: int) -> Page:
    """Return a page of a school's payments. page counts from 1; one past the end is empty.
    Raises Forbidden."""
    query = access.school_scope(viewer, school_id) | ({"status": status} if status else {})
    found = Payment.objects(__raw__=query)
    rows = found.order_by("-created_at", "-id").skip((page - 1) * limit).limit(limit)
    return Page(list(rows), found.count())


@dataclass(frozen=True)
class Statistics:
    """Counts, and amounts in major units, of one currency. Amounts are exact; rates have two decimals."""

    total_payments: int
    successful_payments: int
    failed_payments: int
    total_amount: Decimal
    successful_amount: Decimal
    refunded_amount: Decimal
    success_rate: Decimal
    average_amount: Decimal
    payment_methods: dict[str, int]


def statistics(viewer: Viewer, school_id: str | None, currency: str) -> Statistics:
    """Return the statistics of one school, or of all that the viewer reaches, in one currency. A payment that
    was refunded later was successful; the methods are those of successful payments. Raises Forbidden."""
    pipeline = [
        {"$match": access.school_scope(viewer, school_id)},
        {
            "$group": {
                "_id": {"status": "$status", "method": "$payment_method", "currency": "$currency"},
                "count": {"$sum": 1},
                "amount": {"$sum": "$amount_minor"},
                "refunded": {"$sum": "$refunded_minor"},
            }
        },
    ]
    groups = [row for row in Payment.objects.aggregate(pipeline) if row["_id"]["currency"] == currency]
    successful = [row for row in groups if row["_id"]["status"] in SUCCESSFUL]
    total = sum(row["count"] for row in groups)
    successes = sum(row["count"] for row in successful)
    successful_amount = to_major(sum(row["amount"] for row in successful), currency)
    methods: Counter[str] = Counter()
    for row in successful:
        methods[row["_id"].get("method") or "unknown"] += row["count"]
    return Statistics(
        total_payments=total,
        successful_payments=successes,
        failed_payments=sum(row["count"] for row in groups if row["_id"]["status"] == FAILED),
        total_amount=to_major(sum(row["amount"] for row in groups), currency),
        successful_amount=successful_amount,
        refunded_amount=to_major(sum(row["refunded"] for row in successful), currency),
        success_rate=_ratio(Decimal(successes * 100), total),
        average_amount=_ratio(successful_amount, successes),
        payment_methods=dict(methods),
    )


def _ratio(amount: Decimal, count: int) -> Decimal:
    return (amount / count if count else Decimal(0)).quantize(CENT, ROUND_HALF_UP)
