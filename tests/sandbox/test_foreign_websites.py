"""A website in the tester's browser must not steer the sandbox; programs and its own pages must."""

import pytest
import requests

TIMEOUT = 10


def own(sandbox) -> str:
    return sandbox.url.removeprefix("http://")


def order_fault(sandbox, **headers) -> requests.Response:
    return requests.post(
        f"{sandbox.url}/sandbox/faults",
        json={"endpoint": "*", "fault": "500"},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        timeout=TIMEOUT,
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://hostile.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://hostile.example", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "hostile.example"},
        {"Host": "hostile.example:8001", "Origin": "http://hostile.example:8001"},
        {"Host": "localhost.hostile.example"},
        {"Host": "127.0.0.1.hostile.example"},
        {"Host": "a]["},
    ],
)
def test_what_another_website_asks_for_is_refused_and_changes_nothing(sandbox_server, headers):
    answer = order_fault(sandbox_server, **headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SANDBOX_CONTROL_ERROR")
    assert sandbox_server.control("GET", "/faults")["count"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Host": "localhost:8001"},
        {"Host": "shop.localhost:8001"},
        {"Host": "LOCALHOST"},
        {"Host": "[::1]:8001"},
        {"Host": "192.168.1.7:8001"},
        {"Host": "localhost:8001", "Origin": "http://localhost:8001"},
    ],
)
def test_a_program_and_an_own_page_are_served(sandbox_server, headers):
    assert order_fault(sandbox_server, **headers).status_code == 200
    assert sandbox_server.control("GET", "/faults")["count"] == 1


def test_the_sandboxs_own_page_is_served(sandbox_server):
    assert order_fault(sandbox_server, Origin=sandbox_server.url).status_code == 200


@pytest.mark.parametrize("path", ["/sandbox/", "/sandbox/endpoints", "/sandbox/happenings", "/sandbox"])
def test_nothing_is_read_by_a_name_that_was_rebound(sandbox_server, path):
    answer = requests.get(
        sandbox_server.url + path, headers={"Host": "hostile.example"}, timeout=TIMEOUT, allow_redirects=False
    )

    assert answer.status_code == 403


def test_reading_from_another_page_is_left_to_the_browser(sandbox_server):
    answer = requests.get(
        f"{sandbox_server.url}/sandbox/health",
        headers={"Origin": "https://hostile.example"},
        timeout=TIMEOUT,
    )

    assert answer.status_code == 200
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize("path", ["/v1/checkout.js", "/v1/checkout/public", "/v1/checkout/public/window.css"])
def test_checkout_is_loaded_by_any_name(sandbox_server, path):
    answer = requests.get(f"{sandbox_server.url}{path}", headers={"Host": "shop.example"}, timeout=TIMEOUT)

    assert answer.status_code == 200


def test_the_api_is_called_by_any_name(sandbox_server):
    answer = sandbox_server.call("GET", "/v1/orders", headers={"Host": "razorpay.internal"})

    assert answer.status_code == 200


def test_a_name_can_be_added(sandbox_start):
    sandbox = sandbox_start(SANDBOX_ALLOWED_HOSTS="sandbox, Panel.Example")

    assert order_fault(sandbox, Host="sandbox:8001").status_code == 200
    assert order_fault(sandbox, Host="panel.example", Origin="https://panel.example").status_code == 200
    assert order_fault(sandbox, Origin="https://panel.example").status_code == 200
    assert order_fault(sandbox, Host="other.example").status_code == 403


def test_names_that_are_none_stop_the_start(sandbox_start):
    with pytest.raises(pytest.fail.Exception, match="SANDBOX_ALLOWED_HOSTS must be names"):
        sandbox_start(SANDBOX_ALLOWED_HOSTS="http://panel.example")
