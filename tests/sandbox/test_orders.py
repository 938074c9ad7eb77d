"""Orders as the API shows, lists and changes them."""

import re

import pytest

ORDER_FIELDS = [
    "id", "entity", "amount", "amount_paid", "amount_due", "currency", "receipt", "offer_id", "status",
    "attempts", "notes", "created_at",
]  # fmt: skip


def test_a_new_order_has_every_documented_field(sandbox_server):
    order = sandbox_server.order(150_000, receipt="rcpt-1", notes={"class": "5b"})

    assert list(order) == ORDER_FIELDS
    assert re.fullmatch(r"order_[A-Za-z0-9]{14}", order.pop("id"))
    assert type(order.pop("created_at")) is int
    assert order == {
        "entity": "order", "amount": 150_000, "amount_paid": 0, "amount_due": 150_000, "currency": "INR",
        "receipt": "rcpt-1", "offer_id": None, "status": "created", "attempts": 0, "notes": {"class": "5b"},
    }  # fmt: skip


def test_empty_notes_and_an_absent_receipt_come_back_as_list_and_null(sandbox_server):
    order = sandbox_server.order(notes={})

    assert order["notes"] == []
    assert order["receipt"] is None


def test_a_form_body_makes_the_same_order_as_a_json_body(sandbox_server):
    form = {"amount": "50000", "currency": "INR", "receipt": "form-1", "notes[class]": "5b"}

    order = sandbox_server.call("POST", "/v1/orders", data=form).json()

    assert (order["amount"], order["receipt"], order["notes"]) == (50_000, "form-1", {"class": "5b"})
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order


def test_only_the_notes_of_an_order_can_be_changed(sandbox_server):
    order = sandbox_server.order()
    path = f"/v1/orders/{order['id']}"

    changed = sandbox_server.call("PATCH", path, {"notes": {"seen": "yes"}}).json()
    refused = sandbox_server.call("PATCH", path, {"amount": 1})

    assert changed == {**order, "notes": {"seen": "yes"}}
    assert refused.status_code == 400
    assert sandbox_server.call("GET", path).json() == changed


def test_lists_are_newest_first_and_paged(sandbox_server):
    made = [sandbox_server.order(receipt=f"r{number}")["id"] for number in range(12)]

    first = sandbox_server.call("GET", "/v1/orders").json()
    second = sandbox_server.call("GET", "/v1/orders?count=5&skip=10").json()

    assert (first["entity"], first["count"]) == ("collection", 10)
    assert [order["id"] for order in first["items"]] == made[:1:-1]
    assert [order["id"] for order in second["items"]] == [made[1], made[0]]
    assert second["count"] == 2


def test_orders_are_found_by_receipt_by_period_and_by_authorization(sandbox_server):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    old = sandbox_server.order(receipt="old")
    sandbox_server.control("POST", "/clock", {"advance_seconds": 1000})
    new = sandbox_server.order(receipt="new")
    sandbox_server.pay(new["id"], method="netbanking", bank="HDFC", capture=False)

    def found(query):
        return [one["id"] for one in sandbox_server.call("GET", f"/v1/orders?{query}").json()["items"]]

    assert found("receipt=old") == [old["id"]]
    assert found("receipt=none") == []
    assert found(f"from={new['created_at']}") == [new["id"]]
    assert found(f"to={old['created_at']}") == [old["id"]]
    assert found("authorized=1") == [new["id"]]
    assert found("authorized=0") == [old["id"]]


@pytest.mark.parametrize(
    "query",
    ["expand[]=payments", "expand[expand]=payments", "expand[expand][0]=payments", "expand%5B%5D=payments"],
)
def test_payments_are_expanded_in_the_spellings_of_both_sdks(sandbox_server, query):
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"])

    listed = sandbox_server.call("GET", f"/v1/orders?{query}").json()["items"][0]
    fetched = sandbox_server.call("GET", f"/v1/orders/{order['id']}?{query}").json()

    assert [one["id"] for one in listed["payments"]["items"]] == [payment_id]
    assert fetched["payments"] == listed["payments"]


def test_an_order_goes_from_created_over_attempted_to_paid_and_counts_its_attempts(sandbox_server):
    order = sandbox_server.order()
    path = f"/v1/orders/{order['id']}"

    assert sandbox_server.try_pay(order["id"], method="upi", vpa="failure@razorpay").status_code == 400
    attempted = sandbox_server.call("GET", path).json()
    sandbox_server.pay(order["id"])
    paid = sandbox_server.call("GET", path).json()

    assert attempted == {**order, "status": "attempted", "attempts": 1}
    assert paid == {**order, "status": "paid", "attempts": 2, "amount_paid": 150_000, "amount_due": 0}


def test_all_attempts_of_an_order_are_listed_newest_first(sandbox_server):
    order = sandbox_server.order()
    failed = sandbox_server.try_pay(order["id"], method="upi", vpa="failure@razorpay").json()
    paid = sandbox_server.pay(order["id"])

    found = sandbox_server.call("GET", f"/v1/orders/{order['id']}/payments").json()

    assert [one["id"] for one in found["items"]] == [paid, failed["error"]["metadata"]["payment_id"]]
    assert [one["status"] for one in found["items"]] == ["captured", "failed"]


def test_receipts_may_repeat_by_default(sandbox_server):
    first, second = sandbox_server.order(receipt="same"), sandbox_server.order(receipt="same")

    assert first["id"] != second["id"]


def test_a_reused_receipt_is_refused_in_reject_mode_and_leads_to_the_first_order(sandbox_server):
    sandbox_server.control("POST", "/receipts", {"mode": "reject"})
    first = sandbox_server.order(receipt="same")

    refused = sandbox_server.call(
        "POST", "/v1/orders", {"amount": 150_000, "currency": "INR", "receipt": "same"}
    )

    assert refused.status_code == 400
    assert refused.json()["error"]["description"] == "Order receipt should be unique."
    assert refused.json()["error"]["metadata"] == {"order_id": first["id"]}
    assert sandbox_server.call("GET", "/v1/orders?receipt=same").json()["count"] == 1


def test_a_reused_receipt_gives_the_first_order_in_idempotent_mode(sandbox_server):
    sandbox_server.control("POST", "/receipts", {"mode": "idempotent"})
    first = sandbox_server.order(receipt="same")

    again = sandbox_server.order(receipt="same")
    other_amount = sandbox_server.call(
        "POST", "/v1/orders", {"amount": 99_900, "currency": "INR", "receipt": "same"}
    )

    assert again == first
    assert other_amount.json()["error"]["description"] == "Order receipt should be unique."


def test_unique_receipt_gives_the_first_order_in_the_default_mode_too(sandbox_server):
    first = sandbox_server.order(receipt="same", unique_receipt=True)

    assert sandbox_server.order(receipt="same", unique_receipt=True) == first


@pytest.mark.parametrize("mode", ["reject", "idempotent"])
def test_the_receipt_mode_can_be_set_at_the_start(sandbox_start, mode):
    sandbox = sandbox_start(SANDBOX_RECEIPT_MODE=mode)

    assert sandbox.control("GET", "/receipts") == {"mode": mode}


@pytest.mark.parametrize(
    ("currency", "amount", "status"),
    [
        ("JPY", 1, 200),
        ("JPY", 0, 400),
        ("KWD", 1000, 200),
        ("KWD", 990, 400),
        ("KWD", 1001, 400),
        ("USD", 99, 400),
    ],
)
def test_the_smallest_amount_follows_the_currencys_decimals(sandbox_server, currency, amount, status):
    answer = sandbox_server.call("POST", "/v1/orders", {"amount": amount, "currency": currency})

    assert answer.status_code == status
