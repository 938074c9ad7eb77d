"""What must hold after every step, whatever has happened: the tiny model of the money, without time or order.

A payment here may know less than the provider, and later; it may never know more, and nothing that it has
seen is ever un-seen. Rows are documents as they lie in the database.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gateway.domain.states import (
    CANCELLED,
    MAY_GO_TO,
    OPEN,
    PAID,
    PARTIAL_REFUND,
    REFUND_FAILED,
    REFUND_PROCESSED,
    REFUNDED,
)
from tests.support.memory_account import MemoryAccount

Row = dict[str, Any]


@dataclass
class Promises:
    """What the service has acknowledged: whatever happens afterwards, it is there."""

    # Amounts in the smallest currency unit, by payment; by refund together with its payment.
    payments: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    processed: set[str] = field(default_factory=set)
    # The provider payment that was seen captured, by payment.
    captured: dict[str, str] = field(default_factory=dict)
    events: set[bytes] = field(default_factory=set)


def contradictions(rows: dict[str, Row], account: MemoryAccount, promises: Promises) -> list[str]:
    """Return what does not agree, in words; nothing when all is well. rows: all payments by id."""
    found = [f"payment {each} is gone" for each in promises.payments.keys() - rows.keys()]
    for row in rows.values():
        checks = (_money_in, _refunds, _duplicates, _status, _receipts, _history, _provider_side)
        found += [f"{row['_id']}: {what}" for check in checks for what in check(row, account)]
        found += [f"{row['_id']}: {what}" for what in _kept(row, promises)]
    return found


def alive(refunds: list[Row]) -> list[Row]:
    """Return the refunds that have not failed."""
    return [each for each in refunds if each["status"] != REFUND_FAILED]


def status_of_money(row: Row) -> str:
    """Return the status that captured money and its refunds ask for."""
    if not row["refunded_minor"]:
        return PAID
    return REFUNDED if row["refunded_minor"] >= row["captured_minor"] else PARTIAL_REFUND


def _money_in(row: Row, account: MemoryAccount) -> Iterator[str]:
    if row["captured_minor"] not in (0, row["amount_minor"]):
        yield f"{row['captured_minor']} of {row['amount_minor']} is captured"
    if row["captured_minor"]:
        paid = account.payments.get(row["provider_payment_id"])
        if paid is None or not paid.captured or paid.order_id != row["provider_order_id"]:
            yield f"it counts {row['provider_payment_id']} as captured, which is {paid}"


def _refunds(row: Row, account: MemoryAccount) -> Iterator[str]:
    living = alive(row["refunds"])
    reserved = sum(each["amount_minor"] for each in living)
    refunded = sum(each["amount_minor"] for each in living if "accepted_at" in each)
    if (row["refund_reserved_minor"], row["refunded_minor"]) != (reserved, refunded):
        sums = (row["refund_reserved_minor"], row["refunded_minor"])
        yield f"reserved and refunded are {sums}, and their sums ({reserved}, {refunded})"
    if reserved > row["captured_minor"] and not row["needs_review"]:
        yield f"{reserved} is reserved of {row['captured_minor']}"
    keys = [each["idempotency_key"] for each in row["refunds"]]
    ids = [each["provider_refund_id"] for each in row["refunds"] if "provider_refund_id" in each]
    yield from (f"{what} is there twice" for what in _repeated(keys + ids))
    for each in row["refunds"]:
        yield from _refund(each, row["provider_payment_id"], account)


def _refund(refund: Row, provider_payment_id: str, account: MemoryAccount) -> Iterator[str]:
    if "provider_refund_id" not in refund:
        if refund["status"] == REFUND_PROCESSED:
            yield f"refund {refund['id']} is processed, and the provider never had it"
        return
    theirs = account.refunds[refund["provider_refund_id"]]
    if (theirs.payment_id, theirs.amount_minor) != (provider_payment_id, refund["amount_minor"]):
        yield f"refund {refund['id']} is not the provider's {theirs}"
    if refund["status"] != "pending" and (theirs.id, refund["status"]) not in account.ever:
        yield f"refund {refund['id']} is {refund['status']}, which {theirs.id} has never been"


def _duplicates(row: Row, account: MemoryAccount) -> Iterator[str]:
    ids = [each["provider_payment_id"] for each in row["duplicates"]]
    yield from (f"{what} is a duplicate twice" for what in _repeated([*ids, row.get("provider_payment_id")]))
    for each in row["duplicates"]:
        paid = account.payments[each["provider_payment_id"]]
        if not paid.captured or paid.order_id != row["provider_order_id"]:
            yield f"it counts {paid} as a duplicate"
        if each["refund"]["amount_minor"] != paid.amount_minor:
            yield f"{each['refund']['amount_minor']} of the duplicate {paid} goes back"
        yield from _refund(each["refund"], paid.id, account)


def _status(row: Row, account: MemoryAccount) -> Iterator[str]:
    status = row["status"]
    if row["captured_minor"]:
        if status != status_of_money(row):
            yield f"it is {status}, and its money says {status_of_money(row)}"
    elif status not in OPEN | {CANCELLED}:
        yield f"it is {status} without any money"
    if status == CANCELLED and "cancelled_at" not in row:
        yield "nobody cancelled it"


def _receipts(row: Row, account: MemoryAccount) -> Iterator[str]:
    refunds = row["refunds"] + [each["refund"] for each in row["duplicates"]]
    owed = [("REFUND_RECEIPT", each["id"]) for each in refunds if "processed_at" in each]
    if row["captured_minor"]:
        owed.append(("PAYMENT_RECEIPT", None))
    if any(entry["why"] == "cancelled on request" for entry in row["history"]):
        owed.append(("CANCELLATION_RECEIPT", None))
    has = [(each["kind"], each.get("refund_id")) for each in row["receipts"]]
    if Counter(has) != Counter(owed):
        yield f"its receipts are {has}, and should be {owed}"


def _history(row: Row, account: MemoryAccount) -> Iterator[str]:
    history = row["history"]
    for earlier, later in pairwise(history):
        if earlier["to_status"] != later["from_status"] or earlier["at"] > later["at"]:
            yield f"its history breaks off between {earlier} and {later}"
    for entry in history:
        stays = entry["from_status"] == entry["to_status"]
        if not stays and entry["to_status"] not in MAY_GO_TO[entry["from_status"]]:
            yield f"it went {entry['from_status']} to {entry['to_status']}"
    if history[-1]["to_status"] != row["status"]:
        yield f"it is {row['status']}, and its history ends {history[-1]['to_status']}"


def _provider_side(row: Row, account: MemoryAccount) -> Iterator[str]:
    orders = account.orders_with(row["order_receipt"])
    if len(orders) > 1:
        yield f"it has {len(orders)} orders at the provider"
    if "provider_order_id" in row and [order.id for order in orders] != [row["provider_order_id"]]:
        yield f"its order is {row['provider_order_id']}, and the provider has {orders}"
    ours = {each["id"] for each in row["refunds"]} | {each["refund"]["id"] for each in row["duplicates"]}
    attempts = account.payments_of(row.get("provider_order_id"))
    yield from (
        f"the UPI request {what} was sent twice" for what in _repeated([p.collect_id for p in attempts])
    )
    paid = {each.id for each in attempts}
    asked = [each.refund_receipt for each in account.refunds.values() if each.payment_id in paid]
    yield from (f"refund {what} was made twice" for what in _repeated(asked))
    yield from (f"refund {what} was asked for by nobody" for what in asked if what and what not in ours)


def _kept(row: Row, promises: Promises) -> Iterator[str]:
    if row["amount_minor"] != promises.payments.get(row["_id"], row["amount_minor"]):
        yield f"its amount was {promises.payments[row['_id']]}"
    was_paid = promises.captured.get(row["_id"])
    if was_paid and (not row["captured_minor"] or row["provider_payment_id"] != was_paid):
        yield f"{was_paid} had been captured"
    if row["captured_minor"]:
        promises.captured[row["_id"]] = row["provider_payment_id"]
    if row["_id"] in promises.cancelled and "cancelled_at" not in row:
        yield "it had been cancelled"
    refunds = {each["id"]: each["amount_minor"] for each in row["refunds"]}
    for refund_id, (payment_id, amount_minor) in promises.refunds.items():
        if payment_id == row["_id"] and refunds.get(refund_id) != amount_minor:
            yield f"refund {refund_id} of {amount_minor} is gone"


def _repeated(values: list[Any]) -> list[Any]:
    return [value for value, times in Counter(values).items() if value is not None and times > 1]
