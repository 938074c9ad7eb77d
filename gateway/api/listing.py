"""Lists of payments: by pages that a cursor continues, and as a CSV file."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from gateway.api import csv_format, results
from gateway.api.api_keys import allows_keys
from gateway.api.fields import Method, Uuid, currency_field, text
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.payment_schemas import METHOD_DOCUMENT, ROW_EXAMPLE, ResultShape, answer
from gateway.api.schools import school_uuid
from gateway.api.services import context, services, viewer
from gateway.domain import access, listing
from gateway.domain.errors import TooBusy
from gateway.domain.listing import Cursor, Filters
from gateway.domain.models import Payment
from gateway.domain.states import STATUSES

blueprint = StrictBlueprint("listing", __name__, description="Lists of payments, and their export.")

LIMIT_DEFAULT, LIMIT_MAX = 20, 100
TEXT_CHARS_MAX = 100
CURSOR_CHARS_MAX = 200
AMOUNT = re.compile(r"(?=.{1,30}\Z)[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
AMOUNT_EXPONENT_MAX = 20
CSV = "text/csv"
# A piece of the file that is sent at once.
ROWS_IN_A_PIECE = 50
CSV_EXAMPLE = csv_format.HEAD.decode() + (
    "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55,RCP_1640995200000_0d9c1c0c8f434f0e,2024-01-01T00:00:00.000Z,"
    "2024-01-01T00:05:00.000Z,2024-01-01T00:05:00.000Z,asha@example.com,,Fees,500.00,0.00,INR,PAID,card,card,"
    "order_xyz123,pay_abc456,\r\n"
)
CSV_DOCUMENT = {"type": "string", "description": "UTF-8 with a byte order mark, one line for each payment."}


class Moment(fields.Field[datetime]):
    """A time, 2024-01-01T00:00:00Z, or a whole day, 2024-01-01, of which it is the first or last moment.
    Without an offset it is UTC."""

    def __init__(self, *, is_end: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_end = is_end

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            if len(value) == len("2024-01-01"):
                day = datetime.combine(date.fromisoformat(value), time(), UTC)
                return day + timedelta(days=1, milliseconds=-1) if self.is_end else day
            # A plus sign in a query stands for a blank, unless the client escapes it.
            moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ma.ValidationError(
                "must be a time, such as 2024-01-31T12:00:00Z, or a day, such as 2024-01-31"
            ) from error


class AmountBound(fields.Field[Decimal]):
    """An amount in major units, as text: 500 or 500.00."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Decimal:
        amount = Decimal(value) if AMOUNT.fullmatch(value) else None
        if amount is None or abs(amount.adjusted()) > AMOUNT_EXPONENT_MAX:
            raise ma.ValidationError("must be an amount, such as 500.00")
        return amount


class ExportQuery(ma.Schema):
    status = fields.String(
        validate=validate.OneOf(STATUSES, error=f"must be one of {', '.join(STATUSES)}"),
        metadata={"description": "Only payments with this status."},
    )
    method = Method(metadata=METHOD_DOCUMENT)
    currency = currency_field()
    createdFrom = Moment(is_end=False, metadata={"type": "string", "description": "A time or a day, UTC."})
    createdTo = Moment(is_end=True, metadata={"type": "string", "description": "The last time or day."})
    amountFrom = AmountBound(metadata={"type": "number", "description": "In major units."})
    amountTo = AmountBound(metadata={"type": "number", "description": "In major units."})
    q = text(
        TEXT_CHARS_MAX,
        metadata={"description": "Text in the receipt numbers, the e-mail or the provider's ids."},
    )


class OwnExportQuery(ExportQuery):
    schoolId = Uuid(metadata={"type": "string", "format": "uuid", "description": "Only this school's."})


class ListQuery(OwnExportQuery):
    cursor = fields.String(
        validate=validate.Length(1, CURSOR_CHARS_MAX),
        metadata={"description": "The `nextCursor` of the page before."},
    )
    limit = fields.Integer(load_default=LIMIT_DEFAULT, validate=validate.Range(1, LIMIT_MAX))


ListAnswer = answer(
    "ListAnswer",
    result=fields.List(fields.Nested(ResultShape), required=True),
    nextCursor=fields.String(required=True, allow_none=True),
)


def _filters(query: dict[str, Any]) -> Filters:
    return Filters(
        status=query.get("status"),
        method=query.get("method"),
        currency=query.get("currency"),
        created_from=query.get("createdFrom"),
        created_to=query.get("createdTo"),
        amount_from=query.get("amountFrom"),
        amount_to=query.get("amountTo"),
        text=query.get("q"),
    )


@blueprint.get("/api/payment")
@can_fail("validation", "school_of_key")
@allows_keys("payments:read")
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(
    200,
    ListAnswer,
    example={"success": True, "message": "Payments", "result": [ROW_EXAMPLE], "nextCursor": None},
)
def list_payments(query: dict[str, Any]) -> Any:
    """List payments

    One's own, newest first; staff see a school's with `schoolId`, admins and API keys all that they reach.
    `nextCursor` continues the list: nothing is shown twice or left out while payments arrive.
    """
    scope = access.own_scope(viewer(), query.get("schoolId"))
    after = Cursor.parse(query["cursor"]) if "cursor" in query else None
    found = listing.page(scope, _filters(query), after, query["limit"], now=context().now())
    return {
        "success": True,
        "message": "Payments",
        "result": [results.row(payment) for payment in found.payments],
        "nextCursor": str(found.next_cursor) if found.next_cursor else None,
    }


@blueprint.get("/api/payment.csv")
@can_fail("validation", "school_of_key", "exports")
@allows_keys("payments:read")
@blueprint.arguments(OwnExportQuery, location="query")
@blueprint.response(200, CSV_DOCUMENT, content_type=CSV, description="The file.", example=CSV_EXAMPLE)
def export_payments(query: dict[str, Any]) -> Response:
    """Export payments as CSV

    The payments that the list shows, with the same filters, all in one file.
    """
    return _export(access.own_scope(viewer(), query.get("schoolId")), query)


@blueprint.get("/api/v1/payments/schools/<string:schoolId>/payments.csv")
@can_fail("validation", "school", "exports")
@allows_keys("payments:read")
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, CSV_DOCUMENT, content_type=CSV, description="The file.", example=CSV_EXAMPLE)
def export_school_payments(query: dict[str, Any], schoolId: str) -> Response:
    """Export a school's payments as CSV

    For staff of the school and admins, with the filters of the list.
    """
    return _export(access.school_scope(viewer(), school_uuid(schoolId)), query)


def _export(scope: dict[str, Any], query: dict[str, Any]) -> Response:
    slots = services().exports
    if not slots.acquire(blocking=False):
        raise TooBusy("Too many exports are under way. Please try again in a while.")
    with ExitStack() as held:
        held.callback(slots.release)
        now = context().now()
        payments = listing.every(scope, _filters(query), now=now)
        # Read before the answer begins, so that a database that is away is still a 503.
        first = list(islice(payments, 1))
        response = Response(_lines(chain(first, payments)), mimetype=CSV)
        # The slot is given back when the last line has been sent, or the client has gone.
        response.call_on_close(held.pop_all().close)
    response.headers["Content-Disposition"] = f'attachment; filename="payments-{now:%Y-%m-%d}.csv"'
    return response


def _lines(payments: Iterator[Payment]) -> Iterator[bytes]:
    """Give the file in pieces of some size, since each piece is one write to the client."""
    piece = [csv_format.HEAD]
    for payment in payments:
        piece.append(csv_format.line(payment))
        if len(piece) >= ROWS_IN_A_PIECE:
            yield b"".join(piece)
            piece.clear()
    yield b"".join(piece)
