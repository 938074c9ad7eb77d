"""A school's payments, page by page."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from gateway.api import present
from gateway.api.api_keys import allows_keys
from gateway.api.fields import Uuid
from gateway.api.openapi import can_fail
from gateway.api.parsing import INVALID, StrictBlueprint
from gateway.api.schemas import PAYMENT_EXAMPLE, PaymentRow, envelope
from gateway.api.services import viewer
from gateway.domain import reports
from gateway.domain.errors import InvalidInput
from gateway.domain.states import STATUSES

blueprint = StrictBlueprint(
    "schools", __name__, url_prefix="/api/v1/payments", description="What schools see of their payments."
)

PAGE_MAX = 1_000_000
LIMIT_MAX = 100


class PageQuery(ma.Schema):
    status = fields.String(
        validate=validate.OneOf(STATUSES, error=f"must be one of {', '.join(STATUSES)}"),
        metadata={"description": "Only payments with this status."},
    )
    page = fields.Integer(load_default=1, validate=validate.Range(1, PAGE_MAX))
    limit = fields.Integer(load_default=10, validate=validate.Range(1, LIMIT_MAX))


class Pagination(ma.Schema):
    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    total = fields.Integer(required=True)
    totalPages = fields.Integer(required=True)


class PageData(ma.Schema):
    payments = fields.List(fields.Nested(PaymentRow), required=True)
    pagination = fields.Nested(Pagination, required=True)


PageAnswer = envelope(PageData, "PageAnswer", message=False)


def school_uuid(value: str) -> str:
    """Return the path's school id in its stored form. Raises InvalidInput when it is not a UUID."""
    try:
        return Uuid().deserialize(value)
    except ma.ValidationError as error:
        raise InvalidInput(INVALID, schoolId=error.messages[0]) from error


@blueprint.get("/schools/<string:schoolId>/payments")
@can_fail("validation", "school")
@allows_keys("payments:read")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(
    200,
    PageAnswer,
    example={
        "success": True,
        "data": {
            "payments": [
                PAYMENT_EXAMPLE
                | {"receipt": "RCP_1234567890_abc123", "createdAt": "2024-01-01T00:00:00.000Z"}
            ],
            "pagination": {"page": 1, "limit": 10, "total": 1, "totalPages": 1},
        },
    },
)
def school_payments(query: dict[str, Any], schoolId: str) -> Any:
    """List a school's payments

    Newest first, for staff of the school and admins. A page past the end is empty.
    """
    page, limit = query["page"], query["limit"]
    found = reports.payments_of_school(
        viewer(), school_uuid(schoolId), status=query.get("status"), page=page, limit=limit
    )
    pagination = {"page": page, "limit": limit, "total": found.total, "totalPages": -(-found.total // limit)}
    rows = [present.payment_row(payment) for payment in found.payments]
    return {"success": True, "data": {"payments": rows, "pagination": pagination}}
