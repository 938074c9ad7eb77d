"""Everything that happened, as a list and as a stream."""

import json
import signal
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from sandbox.control.happenings import server_sent_events
from sandbox.happenings import KEPT_HAPPENINGS, KINDS, LISTENERS_MAX, Happenings

TIMEOUT = 10


def kinds(sandbox, **filters) -> list[str]:
    return [one["kind"] for one in listed(sandbox, **filters)]


def listed(sandbox, **filters) -> list[dict]:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return sandbox.control("GET", f"/happenings?{query}")["items"]


def newest_seq(sandbox) -> int:
    return listed(sandbox, limit=1)[0]["seq"]


def follow(sandbox, **options) -> requests.Response:
    answer = requests.get(f"{sandbox.url}/sandbox/happenings/stream", stream=True, timeout=TIMEOUT, **options)
    assert answer.status_code == 200
    return answer


def events(answer: requests.Response) -> Iterator[tuple[int, dict]]:
    number = 0
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        name, _, value = line.partition(": ")
        if name == "id":
            number = int(value)
        if name == "data":
            yield number, json.loads(value)


def test_a_sale_is_told_step_by_step(sandbox_server, sandbox_receiver, sandbox_until):
    start = newest_seq(sandbox_server)
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"])
    sandbox_until(lambda: kinds(sandbox_server, after=start).count("delivery") == 3)

    found = listed(sandbox_server, after=start)

    assert [one["seq"] for one in found] == sorted(one["seq"] for one in found)
    call, *rest = found
    assert (call["kind"], call["summary"]) == ("api_call", "POST /v1/orders → 200")
    assert call["details"].pop("duration_ms") > 0
    assert call["details"] == {
        "method": "POST", "path": "/v1/orders", "query": "", "status": 200, "fault": None,
    }  # fmt: skip
    told = {kind: [one for one in rest if one["kind"] == kind] for kind in KINDS}
    assert [one["details"]["event"] for one in told["event"]] == [
        "payment.authorized",
        "payment.captured",
        "order.paid",
    ]
    assert {one["details"]["payment_id"] for one in told["event"]} == {payment_id}
    assert [one["summary"] for one in told["control"]] == [f"POST /sandbox/orders/{order['id']}/pay → 200"]
    assert [one["details"]["event"] for one in told["delivery"]] == sandbox_receiver.events()
    first = told["delivery"][0]["details"]
    assert (first["attempt"], first["status"], first["error"], first["state"]) == (1, 200, None, "delivered")
    assert first["event_id"] == told["event"][0]["details"]["event_id"]


def test_without_a_number_the_newest_comes_first(sandbox_server):
    sandbox_server.order()
    sandbox_server.call("GET", "/v1/payments")

    newest, before = listed(sandbox_server, limit=2)

    assert newest["summary"] == "GET /v1/payments → 200"
    assert before["summary"] == "POST /v1/orders → 200"
    assert before["seq"] == newest["seq"] - 1


def test_a_fault_and_a_refused_call_are_told(sandbox_server):
    sandbox_server.control("POST", "/faults", {"endpoint": "orders.list", "fault": "429"})
    sandbox_server.call("GET", "/v1/orders")
    sandbox_server.control("POST", "/faults", {"endpoint": "orders.list", "fault": "drop"})
    with pytest.raises(requests.ConnectionError):
        sandbox_server.call("GET", "/v1/orders")
    sandbox_server.call("GET", "/v1/payments/pay_none")

    found = [one["summary"] for one in listed(sandbox_server, limit=5)]

    assert found == [
        "GET /v1/payments/pay_none → 400",
        "GET /v1/orders → no answer (fault drop)",
        "POST /sandbox/faults → 200",
        "GET /v1/orders → 429 (fault 429)",
        "POST /sandbox/faults → 200",
    ]


def test_secrets_and_card_numbers_are_not_told(sandbox_server):
    sandbox_server.try_pay(sandbox_server.order()["id"], method="card", number="4100280000001007", cvv="123")
    sandbox_server.control("POST", "/endpoints", {"url": "http://127.0.0.1:9/", "secret": "tell nobody"})

    text = json.dumps(listed(sandbox_server, limit=50))

    assert "4100280000001007" not in text
    assert "tell nobody" not in text
    assert "http://127.0.0.1:9/" in text


def test_what_time_does_by_itself_is_told(sandbox_server, sandbox_until):
    order = sandbox_server.order(payment={"capture": "manual"})
    payment_id = sandbox_server.pay(order["id"])
    start = newest_seq(sandbox_server)

    sandbox_server.control("POST", "/clock", {"advance_seconds": 4 * 86400})

    found = sandbox_until(
        lambda: [one for one in listed(sandbox_server, after=start) if one["kind"] == "background"]
    )
    assert [one["details"] for one in found] == [
        {"what": "uncaptured_payment_refunded", "payment_id": payment_id}
    ]


def test_an_endpoint_that_is_disabled_is_told(sandbox_server, sandbox_receiver, sandbox_until):
    sandbox_receiver.status = 500
    sandbox_server.paid()
    sandbox_receiver.wait_for(1)
    endpoint = sandbox_server.control("GET", "/endpoints")["items"][0]["id"]

    # The last of the attempts that are due must fail before the endpoint is given up.
    def is_disabled() -> bool:
        sandbox_server.control("POST", "/clock", {"advance_seconds": 86400})
        return not sandbox_server.control("GET", "/endpoints")["items"][0]["enabled"]

    sandbox_until(is_disabled)

    found = [one["details"] for one in listed(sandbox_server, limit=500) if one["kind"] == "background"]
    assert [one for one in found if one["what"] != "settled"] == [
        {"what": "endpoint_disabled", "endpoint_id": endpoint}
    ]


def test_the_stream_tells_what_happens_from_now_on(sandbox_server):
    sandbox_server.order()
    with follow(sandbox_server) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        stream = events(answer)
        sandbox_server.call("GET", "/v1/refunds")

        seq, happening = next(stream)

    assert happening["summary"] == "GET /v1/refunds → 200"
    assert seq == happening["seq"] == newest_seq(sandbox_server)


@pytest.mark.parametrize("by", ["header", "query"])
def test_the_stream_goes_on_after_a_number(sandbox_server, by):
    sandbox_server.call("GET", "/v1/orders")
    start = newest_seq(sandbox_server)
    sandbox_server.call("GET", "/v1/refunds")
    sandbox_server.call("GET", "/v1/payments")
    options = {"headers": {"Last-Event-ID": str(start)}} if by == "header" else {"params": {"after": start}}

    with follow(sandbox_server, **options) as answer:
        stream = events(answer)
        found = [next(stream), next(stream)]

    assert [one["summary"] for _, one in found] == ["GET /v1/refunds → 200", "GET /v1/payments → 200"]


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", f"limit={KEPT_HAPPENINGS + 1}"])
def test_a_bad_number_is_refused(sandbox_server, query):
    answer = requests.get(f"{sandbox_server.url}/sandbox/happenings?{query}", timeout=TIMEOUT)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == query.partition("=")[0]


def test_one_listener_too_many_is_refused_and_a_place_becomes_free_again(sandbox_server, sandbox_until):
    url = f"{sandbox_server.url}/sandbox/happenings/stream"

    # A listener that went away, also of another test, is noticed when something is written to it.
    def listening() -> requests.Response | None:
        answer = requests.get(url, timeout=TIMEOUT, stream=True)
        if answer.status_code == 200:
            return answer
        answer.close()
        sandbox_server.call("GET", "/v1/refunds")
        return None

    answers = [sandbox_until(listening) for _ in range(LISTENERS_MAX)]

    refused = requests.get(url, timeout=TIMEOUT)

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "SANDBOX_CONTROL_ERROR")
    for answer in answers:
        answer.close()
    sandbox_until(listening).close()


def test_a_reset_leaves_only_itself_and_the_numbers_go_on(sandbox_server):
    sandbox_server.order()
    before = newest_seq(sandbox_server)

    sandbox_server.control("POST", "/reset")

    (only,) = listed(sandbox_server)
    assert only["summary"] == "POST /sandbox/reset → 200"
    assert only["seq"] > before


def test_listeners_do_not_delay_the_end(sandbox_start):
    sandbox = sandbox_start()
    with follow(sandbox) as answer:
        stream = events(answer)
        sandbox.call("GET", "/v1/refunds")
        next(stream)
        began = time.monotonic()

        assert sandbox.end(signal.SIGTERM) == 0

        assert time.monotonic() - began < 1.0
        assert list(stream) == []


def test_a_quiet_stream_sends_heartbeats():
    stream = server_sent_events(Happenings(time.time), 0, heartbeat_seconds=0.01)

    assert [next(stream), next(stream), next(stream)] == [
        b"retry: 1000\n\n",
        b": still here\n\n",
        b": still here\n\n",
    ]


def test_the_oldest_give_way_and_a_late_listener_sees_the_gap():
    happenings = Happenings(time.time)
    start = happenings.newest_seq()
    for number in range(KEPT_HAPPENINGS + 5):
        happenings.add("api_call", str(number))

    found = happenings.after(start, KEPT_HAPPENINGS + 5)

    assert len(found) == KEPT_HAPPENINGS
    assert found[0]["seq"] == start + 6


def test_many_writers_number_every_line_once():
    happenings = Happenings(time.time)
    start = happenings.newest_seq()

    def write() -> None:
        for _ in range(100):
            happenings.add("event", "one")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one["seq"] for one in happenings.after(start, 1000)] == list(range(start + 1, start + 801))
