"""The page at /sandbox/ in a real browser: what happens is seen at once, and every control can be clicked."""

from typing import Any

import pytest

from tests.browser.panel.page import Page
from tests.sandbox.conftest import Receiver

EVIL = "<img src=x onerror=alert(1)><b>x</b>"


def controls_of(page: Page, path: str) -> Any:
    """Read a control, for what a click has changed."""
    return page.sandbox.control("GET", path)


def test_what_happens_is_listed_as_it_happens_and_leads_to_the_raw_webhook(
    page: Page, receiver: Receiver
) -> None:
    page.open()
    page.window.find("#live-filter").send_keys("order.paid to")

    payment_id = page.sandbox.paid()

    page.until("attempt 1")
    page.click("#happenings summary")
    (received,) = [one for one in receiver.wait_for(3) if one.event == "order.paid"]
    page.click("#happenings .inner a")
    page.window.until_text("order.paid", "#webhook-title")
    shown = page.window.find("pre[aria-label='Raw body']").text
    assert shown == received.body.decode()
    assert received.headers["x-razorpay-signature"] in page.window.text("pre[aria-label=Headers]")
    assert payment_id in page.window.text("#webhook dl")


def test_a_page_that_nobody_looks_at_waits_and_catches_up(page: Page) -> None:
    turn = (
        "Object.defineProperty(document, 'visibilityState', {value: arguments[0], configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'));"
    )
    page.open()
    page.until("POST /sandbox/endpoints")
    page.window.run(turn, "hidden")

    payment_id = page.sandbox.paid()
    assert payment_id not in page.window.text("main")
    page.window.run(turn, "visible")

    page.until(f"order.paid of {payment_id}")
    assert [row.count(f"order.paid of {payment_id}") for row in page.rows("#happenings")].count(1) == 1


def test_an_event_is_sent_again_at_a_click(page: Page, receiver: Receiver) -> None:
    page.sandbox.paid()
    event_id = next(one for one in receiver.wait_for(3) if one.event == "order.paid").event_id
    page.open(f"webhook/{event_id}")

    page.pressed("Send again")

    page.until("Attempt 2")
    assert [one.event_id for one in receiver.wait_for(4)].count(event_id) == 2


def test_what_failed_is_seen_with_the_answer_of_the_endpoint(page: Page, receiver: Receiver) -> None:
    receiver.status = 500
    page.sandbox.paid()
    page.open("webhooks")
    page.select("#webhooks-event", "payment.captured")

    page.until("answered 500")
    rows = page.rows("#webhooks-list")
    assert len(rows) == 1
    assert rows[0].startswith(f"payment.captured {receiver.url}")
    page.click("#webhooks-list a")
    page.until("Attempt 1")
    page.click(".rows .raw > summary")
    assert "seenseen" in page.window.text("pre[aria-label=Answer]")


def test_an_order_is_paid_with_the_instrument_that_is_chosen(page: Page) -> None:
    order = page.sandbox.order(receipt="rcpt-1")
    page.open("orders")
    page.until("rcpt-1")

    page.pressed("Pay")
    page.select("#pay-instrument", "card:number:5500670000001002")
    page.select("#pay-capture", "false")
    page.click("#pay-form .main")

    page.until_notice("Paid.")
    page.until("attempted")
    page.click("#orders-list a")
    page.until("authorized")
    assert "card …1002" in page.window.text("#order")
    found = page.sandbox.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"]
    assert [(one["status"], one["method"]) for one in found] == [("authorized", "card")]


def test_a_failed_payment_is_authorized_late_and_its_pending_refund_ended(page: Page) -> None:
    order = page.sandbox.order()
    page.sandbox.control("POST", "/refunds", {"mode": "pending"})
    page.sandbox.try_pay(order["id"], vpa="failure@razorpay")
    page.open(f"order/{order['id']}")
    page.until("payment_failed")

    page.pressed("Authorize late")
    page.until("captured")
    payment_id = page.sandbox.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"][0]["id"]
    refund_id = page.sandbox.refund(payment_id, amount=5_000).json()["id"]
    page.until(refund_id)
    page.pressed("Fail")

    page.until_notice("The refund has failed.")
    assert page.sandbox.call("GET", f"/v1/refunds/{refund_id}").json()["status"] == "failed"
    assert page.sandbox.payment(payment_id)["amount_refunded"] == 0


def test_what_is_refused_is_said_and_changes_nothing(page: Page) -> None:
    page.window.expect_in_console("/sandbox/orders")
    order = page.sandbox.order()
    page.sandbox.pay(order["id"])
    page.open(f"order/{order['id']}")
    page.until("paid")

    page.pressed("Pay")
    page.click("#pay-form .main")

    page.until_notice("the order is already paid")
    assert len(page.sandbox.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"]) == 1


def test_older_orders_come_by_pages(page: Page) -> None:
    for number in range(30):
        page.sandbox.order(receipt=f"rcpt-{number}")
    page.open("orders")
    page.until("rcpt-29")
    assert len(page.rows("#orders-list")) == 25

    page.pressed("Older orders")

    page.until("rcpt-0")
    assert len(page.rows("#orders-list")) == 30
    assert page.window.find("#orders-older").is_displayed() is False
    page.window.find("#find").send_keys("rcpt-7\n")
    page.window.until(lambda: len(page.rows("#orders-list")) == 1, "the one order")


def test_endpoints_are_added_changed_and_removed_after_a_question(page: Page) -> None:
    page.open("endpoints")
    page.window.find("#endpoint-url").send_keys("http://127.0.0.1:9/second")
    page.window.find("#endpoint-secret").send_keys("first")
    page.click("#endpoint-add [value='order.paid']")
    page.click("#endpoint-add .main")
    page.until_notice("Added.")
    second = controls_of(page, "/endpoints")["items"][1]
    assert (second["secret"], second["events"]) == ("first", ["order.paid"])

    page.click(f"[data-key='secret-{second['id']}']")
    page.window.find("#edit-secret-value").send_keys("another")
    page.click("#edit .main")
    page.until_notice("Signs with it from now on.")
    page.click(f"[data-key='events-{second['id']}']")
    page.click("#edit [value='payment.failed']")
    page.click("#edit .main")
    page.until_notice("Subscribed.")
    changed = controls_of(page, "/endpoints")["items"][1]
    assert (changed["secret"], changed["events"]) == ("another", ["payment.failed", "order.paid"])

    page.click(f"[data-key='remove-{second['id']}']")
    page.click("#confirm-no")
    assert controls_of(page, "/endpoints")["count"] == 2
    page.click(f"[data-key='remove-{second['id']}']")
    page.click("#confirm-yes")
    page.until_notice("Removed.")
    assert controls_of(page, "/endpoints")["count"] == 1


def test_the_clock_is_frozen_and_moved(page: Page) -> None:
    page.open("controls")
    page.pressed("Freeze")
    page.window.until_text("Clock frozen", "#chips")
    before = controls_of(page, "/clock")["now"]

    page.pressed("+ 1 hour")

    page.until_notice("Time has moved on.")
    assert controls_of(page, "/clock") == {"now": before + 3600, "frozen": True}
    page.pressed("Let it run")
    page.window.until(lambda: not controls_of(page, "/clock")["frozen"], "a running clock")


def test_deliveries_faults_and_modes_are_switched_and_shown_above_every_view(page: Page) -> None:
    page.open("controls")

    page.click("#deliveries [name=paused]")
    page.click("#deliveries .main")
    page.until_notice("Set.")
    page.select("#fault-endpoint", "orders.create")
    page.select("#fault-name", "429_retry_after")
    page.click("#faults-add .main")
    page.until_notice("Ordered.")
    page.select("#refunds-mode", "pending")
    page.window.until(lambda: controls_of(page, "/refunds")["mode"] == "pending", "the mode")

    assert controls_of(page, "/deliveries")["paused"] is True
    assert [one["fault"] for one in controls_of(page, "/faults")["items"]] == ["429_retry_after"]
    page.click("nav a[href='#live']")
    page.window.until_text("Deliveries paused 1 fault to come", "#chips")
    assert page.sandbox.call("POST", "/v1/orders", {"amount": 100, "currency": "INR"}).status_code == 429
    page.window.until(lambda: "fault" not in page.window.text("#chips"), "no fault any more")


def test_a_snapshot_is_saved_restored_and_deleted_and_a_reset_asks_first(page: Page) -> None:
    order = page.sandbox.order()
    page.open("controls")
    page.window.find("#snapshot-name").send_keys("before")
    page.click("#snapshots-add .main")
    page.until_notice("Saved.")

    page.pressed("Reset the sandbox")
    page.click("#confirm-no")
    assert controls_of(page, "/orders")["count"] == 1
    page.pressed("Reset the sandbox")
    page.click("#confirm-yes")
    page.until_notice("Empty again.")
    assert controls_of(page, "/orders")["count"] == 0

    page.click("[data-key='restore-before']")
    page.click("#confirm-yes")
    page.until_notice("Restored.")
    assert [one["id"] for one in controls_of(page, "/orders")["items"]] == [order["id"]]
    page.click("[data-key='delete-before']")
    page.click("#confirm-yes")
    page.until_notice("Deleted.")
    assert controls_of(page, "/snapshots")["count"] == 0


def test_what_others_wrote_is_text_and_never_markup(page: Page) -> None:
    page.sandbox.control("POST", "/endpoints", {"url": f"http://127.0.0.1:9/{EVIL}", "secret": EVIL})
    order = page.sandbox.order(receipt=EVIL, notes={EVIL: EVIL})
    page.sandbox.pay(order["id"], description=EVIL, notes={EVIL: EVIL}, email=EVIL)

    for view in ("live", "orders", f"order/{order['id']}", "webhooks", "endpoints", f"order/{EVIL}"):
        page.open(view)
        page.window.until_text("Razorpay sandbox", "h1")
        assert page.window.find_all("main b, main img") == []
    page.open("endpoints")
    page.until(EVIL)


# A phone in dark and a desk in light see both widths and both colours.
@pytest.mark.parametrize(("look", "size"), [("light", (1200, 900)), ("dark", (360, 740))])
def test_every_view_can_be_read_by_everybody(
    page: Page, receiver: Receiver, look: str, size: tuple[int, int]
) -> None:
    page.window.resize(*size, is_phone=look == "dark")
    page.window.appear(dark=look == "dark", reduced_motion=True)
    order = page.sandbox.order(receipt="rcpt-1")
    page.sandbox.try_pay(order["id"], vpa="failure@razorpay")
    payment_id = page.sandbox.pay(order["id"])
    page.sandbox.refund(payment_id, amount=5_000)
    page.sandbox.control("POST", f"/payments/{payment_id}/dispute", {})
    event_id = receiver.wait_for(4)[-1].event_id
    views = {
        "live": "order.paid to", "orders": "rcpt-1", f"order/{order['id']}": "Dispute won",
        "webhooks": "payment.failed", f"webhook/{event_id}": "Attempt 1", "endpoints": "Change secret",
        "controls": "Reset the sandbox",
    }  # fmt: skip

    for view, words in views.items():
        page.open(view)
        page.until(words)
        assert (view, page.window.axe_violations(), page.window.overflow_pixels()) == (view, [], 0)
        page.window.screenshot(f"panel-{view.partition('/')[0]}-{look}")
