"""Row 25: the renderer of a receipt hangs, deaf to signals. Others are rendered meanwhile; it is ended, and
its receipt is rendered by another process. One that raises is in test_25_receipts_that_cannot_be_rendered.py,
and one that is killed in row 22.
"""

from pathlib import Path

from gateway.domain.kill_points import HANG
from gateway.domain.work import RENDER_RECEIPT
from tests.support.client import paid_order
from tests.support.own import OwnStack
from tests.support.waiting import wait_until


def test_a_renderer_that_hangs_is_ended_and_its_receipt_is_rendered_by_another(
    own: OwnStack, kill_points_directory: Path
) -> None:
    person = own.person()
    armed = kill_points_directory / f"{RENDER_RECEIPT}.claimed"
    armed.write_text(HANG)

    paid = paid_order(person, own.sandbox)

    wait_until(lambda: not armed.exists(), "the renderer's hanging")
    hung = own.database.receipts.find_one({"payment_id": paid.payment_id}) or {}
    other = paid_order(person, own.sandbox)
    own.settled(other.payment_id, "PAID", receipts=1)
    own.settled(paid.payment_id, "PAID", receipts=1)
    rendered = own.database.receipts.find_one({"payment_id": paid.payment_id}) or {}
    assert (hung["work"]["attempts"], "rendered_at" in hung) == (1, False)
    assert rendered["rendered_at"] >= hung["work"]["claimed_until"]
    assert person.api.download(paid.receipt).content.startswith(b"%PDF-")
