"""The whole state under a name, and back again."""

import threading

import pytest

from sandbox.snapshots import NAME_CHARACTERS_MAX, SNAPSHOTS_MAX


@pytest.fixture(autouse=True)
def no_snapshots(sandbox_server):
    """Leave none behind: a reset keeps them."""
    yield
    for snapshot in sandbox_server.control("GET", "/snapshots")["items"]:
        sandbox_server.control("DELETE", f"/snapshots/{snapshot['name']}")


def save(sandbox, name: str = "base") -> dict:
    return sandbox.control("POST", "/snapshots", {"name": name})


def restore(sandbox, name: str = "base") -> None:
    sandbox.control("POST", f"/snapshots/{name}/restore")


def refused(sandbox, method: str, path: str, body=None) -> tuple[int, str]:
    answer = sandbox.call(method, f"/sandbox{path}", body)
    return answer.status_code, answer.json()["error"]["description"]


def test_entities_come_back_and_later_ones_go(sandbox_server):
    kept = sandbox_server.order(receipt="kept")
    payment_id = sandbox_server.pay(kept["id"])
    before = sandbox_server.call("GET", f"/v1/orders/{kept['id']}").json()
    save(sandbox_server)
    later = sandbox_server.order(receipt="later")
    assert sandbox_server.refund(payment_id, amount=50_000).status_code == 200

    restore(sandbox_server)

    assert sandbox_server.call("GET", f"/v1/orders/{kept['id']}").json() == before
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 0
    assert sandbox_server.call("GET", f"/v1/orders/{later['id']}").status_code == 400
    assert [one["id"] for one in sandbox_server.call("GET", "/v1/orders").json()["items"]] == [kept["id"]]


def test_switches_faults_and_endpoints_come_back(sandbox_server, sandbox_receiver):
    sandbox_server.control("POST", "/receipts", {"mode": "reject"})
    sandbox_server.control("POST", "/faults", {"endpoint": "orders.fetch", "fault": "500", "count": 3})
    sandbox_server.control("POST", "/deliveries", {"duplicate": True})
    endpoints = sandbox_server.control("GET", "/endpoints")
    save(sandbox_server)
    sandbox_server.control("POST", "/reset")
    sandbox_server.control("DELETE", f"/endpoints/{endpoints['items'][0]['id']}")

    restore(sandbox_server)

    assert sandbox_server.control("GET", "/receipts") == {"mode": "reject"}
    assert sandbox_server.control("GET", "/faults")["items"][0]["count"] == 3
    assert sandbox_server.control("GET", "/deliveries")["duplicate"] is True
    assert sandbox_server.control("GET", "/endpoints") == endpoints


def test_a_frozen_clock_comes_back_to_its_moment(sandbox_server):
    sandbox_server.control("POST", "/clock", {"frozen": True, "advance_seconds": 1000})
    moment = sandbox_server.control("GET", "/clock")
    save(sandbox_server)
    sandbox_server.control("POST", "/clock", {"frozen": False, "advance_seconds": 5000})

    restore(sandbox_server)

    assert sandbox_server.control("GET", "/clock") == moment


def test_a_running_clock_goes_on_from_the_moment_of_the_snapshot(sandbox_server):
    save(sandbox_server)
    moment = sandbox_server.control("GET", "/clock")["now"]
    sandbox_server.control("POST", "/clock", {"advance_seconds": 86400})

    restore(sandbox_server)

    clock = sandbox_server.control("GET", "/clock")
    assert clock["frozen"] is False
    assert moment - 1 < clock["now"] < moment + 60


def test_what_was_waiting_is_sent_after_the_restore(sandbox_server, sandbox_receiver):
    sandbox_server.control("POST", "/deliveries", {"paused": True})
    sandbox_server.paid()
    save(sandbox_server)
    sandbox_server.control("POST", "/deliveries", {"paused": False})
    sandbox_receiver.wait_for(3)

    restore(sandbox_server)
    assert len(sandbox_server.deliveries(state="pending")) == 3
    sandbox_server.control("POST", "/deliveries", {"paused": False})

    again = sandbox_receiver.wait_for(6)
    assert [one.event_id for one in again[3:]] == [one.event_id for one in again[:3]]


def test_a_timer_comes_back(sandbox_server, sandbox_until):
    payment_id = sandbox_server.pay(sandbox_server.order(payment={"capture": "manual"})["id"])
    save(sandbox_server)
    sandbox_server.control("POST", "/clock", {"advance_seconds": 4 * 86400})
    sandbox_until(lambda: sandbox_server.payment(payment_id)["status"] == "refunded")

    restore(sandbox_server)
    assert sandbox_server.payment(payment_id)["status"] == "authorized"
    sandbox_server.control("POST", "/clock", {"advance_seconds": 4 * 86400})

    sandbox_until(lambda: sandbox_server.payment(payment_id)["status"] == "refunded")


def test_an_attempt_under_way_during_a_restore_changes_nothing(
    sandbox_server, sandbox_receiver, sandbox_until
):
    sandbox_server.control("POST", "/deliveries", {"paused": True})
    payment_id = sandbox_server.paid()
    save(sandbox_server)
    sandbox_receiver.gate.clear()
    sandbox_server.control("POST", "/deliveries", {"paused": False})
    sandbox_receiver.wait_for(1)

    restore(sandbox_server)
    sandbox_receiver.gate.set()
    sandbox_server.paid()

    waiting = sandbox_server.deliveries(payment_id=payment_id)
    assert [(one["state"], one["attempt_count"]) for one in waiting] == [("pending", 0)] * 3
    sandbox_server.control("POST", "/deliveries", {"paused": False})
    sandbox_until(lambda: not sandbox_server.deliveries(state="pending"))
    assert [one["attempt_count"] for one in sandbox_server.deliveries(payment_id=payment_id)] == [1, 1, 1]


def test_calls_go_on_while_states_are_saved_and_restored(sandbox_server, sandbox_receiver):
    kept = sandbox_server.order(receipt="kept")
    save(sandbox_server)
    stop, answers = threading.Event(), []

    def use() -> None:
        while not stop.is_set():
            answers.append(sandbox_server.call("GET", f"/v1/orders/{kept['id']}").status_code)

    thread = threading.Thread(target=use)
    thread.start()
    for _ in range(10):
        sandbox_server.paid()
        save(sandbox_server, "other")
        restore(sandbox_server)
    stop.set()
    thread.join()

    assert set(answers) == {200}
    assert sandbox_server.call("GET", "/v1/orders").json()["count"] == 1


def test_a_snapshot_outlives_the_process(sandbox_start):
    sandbox = sandbox_start()
    order = sandbox.order()
    save(sandbox)
    sandbox.control("POST", "/reset")
    sandbox.end()
    sandbox.start()

    restore(sandbox)

    assert sandbox.call("GET", f"/v1/orders/{order['id']}").json() == order


def test_the_endpoint_of_the_settings_stays_where_they_say(sandbox_start, sandbox_receivers, sandbox_until):
    old, new = sandbox_receivers(), sandbox_receivers()
    sandbox = sandbox_start(SANDBOX_WEBHOOK_URL=old.url)
    save(sandbox)
    sandbox.end()
    sandbox.environment["SANDBOX_WEBHOOK_URL"] = new.url
    sandbox.start()

    restore(sandbox)
    sandbox.paid()

    new.wait_for(3)
    assert old.received == []
    assert [one["url"] for one in sandbox.control("GET", "/endpoints")["items"]] == [new.url]


def test_snapshots_are_listed_replaced_and_deleted(sandbox_server):
    save(sandbox_server, "one")
    save(sandbox_server, "two")
    sandbox_server.order()
    save(sandbox_server, "one")

    listed = sandbox_server.control("GET", "/snapshots")

    assert (listed["count"], [one["name"] for one in listed["items"]]) == (2, ["one", "two"])
    assert set(listed["items"][0]) == {"name", "entity", "saved_at", "size_bytes"}
    assert sandbox_server.control("DELETE", "/snapshots/one") == listed["items"][0]
    assert sandbox_server.control("GET", "/snapshots")["items"] == listed["items"][1:]
    assert refused(sandbox_server, "POST", "/snapshots/one/restore")[0] == 404


def test_one_snapshot_too_many_is_refused(sandbox_server):
    for number in range(SNAPSHOTS_MAX):
        save(sandbox_server, f"number-{number}")

    assert refused(sandbox_server, "POST", "/snapshots", {"name": "more"}) == (
        400,
        f"there are already {SNAPSHOTS_MAX} snapshots; delete one",
    )
    assert sandbox_server.control("GET", "/snapshots?")["count"] == SNAPSHOTS_MAX
    assert save(sandbox_server, "number-3")["name"] == "number-3"


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "é", "x" * (NAME_CHARACTERS_MAX + 1), 7])
def test_a_name_that_is_no_file_name_is_refused(sandbox_server, name):
    assert refused(sandbox_server, "POST", "/snapshots", {"name": name})[0] == 400
    assert sandbox_server.control("GET", "/snapshots")["count"] == 0


@pytest.mark.parametrize("path", ["/snapshots/none/restore", "/snapshots/..%2F..%2Fsandbox/restore"])
def test_an_unknown_snapshot_is_refused_and_nothing_changes(sandbox_server, path):
    order = sandbox_server.order()

    assert refused(sandbox_server, "POST", path)[0] == 404
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order
