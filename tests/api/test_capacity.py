"""What one client does to the others: waiting and slow reading never take all threads."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

from gateway.domain.context import utc_now
from gateway.domain.ids import new_id
from gateway.domain.models import Payment
from tests.support.client import PAYMENT, Api, Person, Sandbox
from tests.support.shapes import refused
from tests.support.waiting import wait_until

THREADS = 8
# More than the buffers of a connection hold, about 400 bytes each.
ROWS = 20_000


def test_those_who_wait_for_a_worker_leave_threads_to_the_others(
    start_web: Callable[..., str], customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "429", count=200)
    web = start_web(WEB_THREADS=str(THREADS), WEB_CONCURRENCY="1")
    new = {"email": customer.email, "amount": 5, "currency": "INR", "paymentMethod": "card"}
    payment_id = customer.api.post(PAYMENT, new).json()["result"]["paymentId"]

    def wait(_: int) -> int:
        own = Api(web, customer.api.token)
        return own.post(f"{PAYMENT}/{payment_id}/process", headers={"Prefer": "wait=10"}).status_code

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(wait, number) for number in range(THREADS)]
        wait_until(lambda: sum(answer.done() for answer in answers) == THREADS // 2, "those who may not wait")
        health = Api(web).get("/healthz")
        waiting = sum(not answer.done() for answer in answers)
        sandbox.clear_faults()

    assert health.status_code == 200
    assert waiting == THREADS // 2
    assert {answer.result() for answer in answers} <= {200, 202}


def test_an_export_that_nobody_reads_gives_its_place_back(
    start_web: Callable[..., str], customer: Person
) -> None:
    _store_many(customer)
    web = start_web(EXPORTS_AT_ONCE_MAX="1", SEND_TIMEOUT_SECONDS="1", WEB_CONCURRENCY="1")
    api = Api(web, customer.api.token)

    with _reading_nothing(web, str(customer.api.token)):
        second = api.get(f"{PAYMENT}.csv")
        third = wait_until(
            lambda: (answer := api.get(f"{PAYMENT}.csv")).status_code == 200 and answer, "the place"
        )

    refused(second, 503, "CONFLICT")
    assert second.headers["Retry-After"] == "5"
    assert third.text.count("\n") == ROWS + 1


def _reading_nothing(web: str, token: str) -> socket.socket:
    """Ask for an export and read no more than its first line, so that the rest cannot be sent."""
    address = urlsplit(web)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((address.hostname, address.port))
    request = f"GET {PAYMENT}.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    connection.sendall(request.encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def _store_many(customer: Person) -> None:
    now = utc_now()
    Payment._get_collection().insert_many(
        {
            "_id": new_id(),
            "version": 1,
            "user_id": customer.user_id,
            "user_email": customer.email,
            "amount_minor": 100,
            "refunded_minor": 0,
            "currency": "INR",
            "status": "CREATED",
            "order_receipt": f"RCP_{new_id()}",
            "description": "x" * 200,
            "created_at": now - timedelta(seconds=number),
            "updated_at": now,
        }
        for number in range(ROWS)
    )
