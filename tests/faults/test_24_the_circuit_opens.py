"""Row 24: while the provider keeps failing, it is left alone: requests are refused at once with the time to
come again, no connection is made, and one probe finds out when it is back.
"""

from collections.abc import Iterator

import pytest

from tests.support.beside import Beside, proxied
from tests.support.client import Api
from tests.support.own import OwnStack
from tests.support.proxy import Proxy
from tests.support.proxy_modes import Refuse
from tests.support.steps import calls_to
from tests.support.waiting import wait_until

FAILURES = 3
OPEN_SECONDS = 3


@pytest.fixture
def cut_off(own_stack: OwnStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Proxy]]:
    """A web process whose calls to the provider go through a proxy: its address, and the proxy."""
    beside = Beside(own_stack.stack, tmp_path_factory.mktemp("circuit"))
    with (
        proxied(own_stack.stack.environ["RAZORPAY_BASE_URL"]) as (proxy, address),
        beside.web(
            RAZORPAY_BASE_URL=address,
            PROVIDER_CIRCUIT_FAILURES=str(FAILURES),
            PROVIDER_CIRCUIT_OPEN_SECONDS=str(OPEN_SECONDS),
        ) as api_url,
    ):
        yield api_url, proxy


def test_a_provider_that_keeps_failing_is_left_alone_until_a_probe_reaches_it(
    cut_off: tuple[str, Proxy], own: OwnStack
) -> None:
    api_url, proxy = cut_off
    person = own.person()
    api = Api(api_url, person.api.token)
    assert api.create_order(person.school_id).status_code == 201
    before = len(calls_to(own.sandbox, "POST", "/v1/orders"))

    with proxy.broken(Refuse()):
        failed = [api.create_order(person.school_id) for _ in range(FAILURES)]
    # The connections would go through again, and are not made.
    connections = proxy.connections
    refused = api.create_order(person.school_id)

    assert [answer.status_code for answer in [*failed, refused]] == [502] * (FAILURES + 1)
    assert refused.elapsed.total_seconds() < 1
    assert 0 < int(refused.headers["Retry-After"]) <= 2 * OPEN_SECONDS
    assert proxy.connections == connections
    assert len(calls_to(own.sandbox, "POST", "/v1/orders")) == before
    wait_until(
        lambda: api.create_order(person.school_id).status_code == 201, "the probe", deadline_seconds=30
    )
    assert api.create_order(person.school_id).status_code == 201
    api.http.close()
