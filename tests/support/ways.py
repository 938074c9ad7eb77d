"""The way to every point at which a process may be killed."""

from collections.abc import Callable, Iterator

from gateway.domain import kill_points, work
from tests.support import ways_back, ways_in
from tests.support.client import Person
from tests.support.own import OwnStack

Way = Callable[[OwnStack, Person], Iterator[None]]

WAYS_OF_WORK: dict[str, Way] = {
    work.OPEN_ORDER: ways_in.a_processed_payment,
    work.COLLECT_PAYMENT: ways_in.a_upi_request,
    work.CONFIRM_PAYMENT: ways_in.a_lost_webhook,
    work.CAPTURE_PAYMENT: ways_in.an_authorised_payment,
    work.ABANDON_PAYMENT: ways_in.an_abandoned_payment,
    work.ISSUE_REFUND: ways_back.a_refund,
    work.CONFIRM_REFUND: ways_back.a_pending_refund,
    work.REFUND_DUPLICATE: ways_back.a_duplicate,
    work.ISSUE_RECEIPTS: ways_in.a_lost_webhook,
    work.RENDER_RECEIPT: ways_in.a_lost_webhook,
    work.OPEN_DISCREPANCIES: ways_back.a_contradiction,
    work.PROCESS_WEBHOOK_EVENT: ways_in.a_webhook,
    work.SEND_RESET_MAIL: ways_in.a_reset_mail,
    work.RECONCILE: ways_back.a_comparison,
}
WAYS_OF_CALLS: dict[str, Way] = {
    "create_order": ways_in.a_processed_payment,
    "find_order": ways_in.an_order_whose_answer_is_lost,
    "fetch_order": ways_back.a_comparison_with_a_lost_order,
    "collect_by_upi": ways_in.a_upi_request,
    "order_payments": ways_in.a_lost_webhook,
    "fetch_payment": ways_in.an_authorised_payment,
    "capture_payment": ways_in.an_authorised_payment,
    "create_refund": ways_back.a_refund,
    "payment_refunds": ways_back.a_refund_whose_answer_is_lost,
    "list_orders": ways_back.a_comparison,
    "list_payments": ways_back.a_comparison,
    "list_refunds": ways_back.a_comparison,
}
WAYS_OF_RECORDED: dict[str, Way] = {
    kill_points.PAYMENT_RECORDED: ways_in.an_order,
    kill_points.REFUND_RECORDED: ways_back.a_refund,
    kill_points.WEBHOOK_EVENT_RECORDED: ways_in.a_webhook,
}
# The same points in the other kind of process: there a client waits, whose connection breaks.
WAYS_OF_WEB: dict[str, Way] = {
    "open_order.written": ways_in.an_order,
    "create_order.before": ways_in.an_order,
    "create_order.after": ways_in.an_order,
}
