"""Receipts: download the PDF."""

from typing import Any

import marshmallow as ma
from flask import Response, jsonify
from marshmallow import fields

from gateway import dispatch
from gateway.api import present
from gateway.api.api_keys import allows_keys
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.schemas import RECEIPT_EXAMPLE, ReceiptLink, envelope
from gateway.api.services import viewer, wait_for
from gateway.domain import access, receipts, work

blueprint = StrictBlueprint("receipts", __name__, url_prefix="/api/v1/payments", description="Receipts.")

RETRY_AFTER = {"Retry-After": "1"}


class PendingReceiptData(ma.Schema):
    receipt = fields.Nested(ReceiptLink, required=True)


PendingReceiptAnswer = envelope(PendingReceiptData, "PendingReceiptAnswer")


@blueprint.get("/receipts/<string:receiptId>/download")
@can_fail("receipt")
@allows_keys("payments:read")
@blueprint.response(
    200,
    {"type": "string", "format": "binary"},
    content_type="application/pdf",
    description="The PDF, named after its receipt number.",
)
@blueprint.alt_response(
    202,
    schema=PendingReceiptAnswer,
    description="Issued; the PDF is still being rendered.",
    example={
        "success": True,
        "data": {"receipt": RECEIPT_EXAMPLE},
        "message": "The receipt is being rendered",
    },
)
def download_receipt(receiptId: str) -> Any:
    """Download a receipt

    A receipt has its final number from the start; when its PDF is not ready within a few seconds, the
    answer is 202.
    """
    payment, ref = access.receipt(viewer(), receiptId)
    receipt = receipts.rendered(ref.id)
    if receipt is None:
        if ref.stored:
            dispatch.work(work.RENDER_RECEIPT, ref.id)
        else:
            dispatch.work(work.ISSUE_RECEIPTS, payment.id)
        receipt = wait_for(lambda: receipts.rendered(ref.id), lambda found: found is not None)
    if receipt is None:
        answer = jsonify(
            success=True,
            data={"receipt": present.receipt_link(ref)},
            message="The receipt is being rendered",
        )
        return answer, 202, RETRY_AFTER
    response = Response(receipt.pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{receipt.number}.pdf"'
    response.set_etag(receipt.pdf_sha256)
    return response
