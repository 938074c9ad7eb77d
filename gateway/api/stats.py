"""Statistics over payments."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from gateway.api.api_keys import allows_keys
from gateway.api.fields import Uuid, currency_field
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.schemas import envelope
from gateway.api.services import viewer
from gateway.domain import reports

blueprint = StrictBlueprint("stats", __name__, url_prefix="/api/v1/payments", description="Figures.")


class StatsQuery(ma.Schema):
    schoolId = Uuid(metadata={"type": "string", "format": "uuid", "description": "Only this school."})
    currency = currency_field(
        load_default="INR",
        description="An ISO 4217 code. Amounts of different currencies are never added up.",
    )


class StatsData(ma.Schema):
    totalPayments = fields.Integer(required=True)
    successfulPayments = fields.Integer(required=True)
    failedPayments = fields.Integer(required=True)
    totalAmount = fields.Decimal(required=True)
    successfulAmount = fields.Decimal(required=True)
    refundedAmount = fields.Decimal(required=True)
    successRate = fields.Decimal(required=True, metadata={"description": "Per cent of all payments."})
    averageAmount = fields.Decimal(required=True, metadata={"description": "Per successful payment."})
    paymentMethods = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    currency = fields.String(required=True)


StatsAnswer = envelope(StatsData, "StatsAnswer", message=False)


@blueprint.get("/stats")
@can_fail("validation", "school")
@allows_keys("stats:read")
@blueprint.arguments(StatsQuery, location="query")
@blueprint.response(
    200,
    StatsAnswer,
    example={
        "success": True,
        "data": {
            "totalPayments": 100,
            "successfulPayments": 95,
            "failedPayments": 5,
            "totalAmount": 50000.00,
            "successfulAmount": 47500.00,
            "refundedAmount": 1250.00,
            "successRate": 95.00,
            "averageAmount": 500.00,
            "paymentMethods": {"card": 60, "upi": 25, "netbanking": 10},
            "currency": "INR",
        },
    },
)
def statistics(query: dict[str, Any]) -> Any:
    """Get payment statistics

    Amounts are in major units. A payment that was refunded later counts as successful. Without a school,
    staff get the figures of all their schools, and admins of everything.
    """
    found = reports.statistics(viewer(), query.get("schoolId"), query["currency"])
    return {
        "success": True,
        "data": {
            "totalPayments": found.total_payments,
            "successfulPayments": found.successful_payments,
            "failedPayments": found.failed_payments,
            "totalAmount": found.total_amount,
            "successfulAmount": found.successful_amount,
            "refundedAmount": found.refunded_amount,
            "successRate": found.success_rate,
            "averageAmount": found.average_amount,
            "paymentMethods": found.payment_methods,
            "currency": query["currency"],
        },
    }
