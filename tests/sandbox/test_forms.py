"""Forms do what JSON bodies do, for every call that takes a body."""


def form(sandbox, method: str, path: str, fields: dict[str, str]):
    return sandbox.call(method, f"/v1{path}", data=fields)


def test_a_sale_and_its_refund_are_made_with_forms_alone(sandbox_server):
    order = form(
        sandbox_server,
        "POST",
        "/orders",
        {
            "amount": "20000",
            "currency": "INR",
            "partial_payment": "1",
            "payment[capture]": "manual",
            "payment[capture_options][manual_expiry_period]": "30",
            "payment[capture_options][refund_speed]": "normal",
            "notes[class]": "5b",
        },
    ).json()
    payment_id = sandbox_server.pay(order["id"])

    captured = form(
        sandbox_server, "POST", f"/payments/{payment_id}/capture", {"amount": "20000", "currency": "INR"}
    ).json()
    refund = form(
        sandbox_server,
        "POST",
        f"/payments/{payment_id}/refund",
        {"amount": "100", "speed": "optimum", "notes[why]": "moved", "receipt": "rf-1"},
    ).json()

    assert (order["amount"], order["notes"]) == (20_000, {"class": "5b"})
    assert captured["status"] == "captured"
    assert (refund["amount"], refund["speed_requested"], refund["notes"], refund["receipt"]) == (
        100, "optimum", {"why": "moved"}, "rf-1",
    )  # fmt: skip
    for path in (f"/orders/{order['id']}", f"/payments/{payment_id}", f"/refunds/{refund['id']}"):
        changed = form(sandbox_server, "PATCH", path, {"notes[a]": "1", "notes[b]": "x y"}).json()
        assert changed["notes"] == {"a": "1", "b": "x y"}


def test_a_form_that_gives_a_field_in_two_shapes_is_refused(sandbox_server):
    body = "amount=20000&currency=INR&notes=x&notes[a]=b"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = sandbox_server.call("POST", "/v1/orders", data=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "notes")
    assert sandbox_server.call("GET", "/v1/orders").json()["count"] == 0
