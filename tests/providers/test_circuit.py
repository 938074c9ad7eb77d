"""The circuit breaker on its own, with a clock that the test sets."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.domain.provider import ProviderUnavailable
from gateway.providers.calls import CallSettings
from gateway.providers.circuit import PROBE_RETRY_SECONDS, Circuit, Permit, Verdict

FAILURES = 3
OPEN_SECONDS = 4.0
OPEN_SECONDS_MAX = 30.0
RATE_LIMITED_SECONDS = 2.0


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    """The circuit's clock."""
    return Seconds()


@pytest.fixture
def circuit(clock: Seconds) -> Circuit:
    """A circuit whose pauses are not jittered."""
    return a_circuit(clock)


def a_circuit(clock: Seconds, **settings: Any) -> Circuit:
    """Return a circuit whose pauses are not jittered."""
    values = {
        "circuit_failures": FAILURES,
        "circuit_open_seconds": OPEN_SECONDS,
        "circuit_open_seconds_max": OPEN_SECONDS_MAX,
        "rate_limited_seconds": RATE_LIMITED_SECONDS,
    }
    calls = CallSettings(connect_timeout_seconds=1, read_timeout_seconds=1, **values | settings)
    return Circuit("order", calls, clock=clock, jitter=lambda low, high: 1.0)


def call(circuit: Circuit, verdict: Verdict, retry_after_seconds: float | None = None) -> None:
    """Make one call with this result."""
    circuit.settle(circuit.admit(), verdict, retry_after_seconds)


def opened(circuit: Circuit) -> Circuit:
    """Fail until the circuit opens."""
    for _ in range(FAILURES):
        call(circuit, Verdict.FAILED)
    assert circuit.state == "open"
    return circuit


def seconds_refused(circuit: Circuit) -> float:
    """Be refused, and return when to come again."""
    with pytest.raises(ProviderUnavailable) as raised:
        circuit.admit()
    assert raised.value.http_status is None
    assert raised.value.retry_after_seconds is not None
    return raised.value.retry_after_seconds


def test_it_opens_after_so_many_failures_in_a_row(circuit: Circuit, clock: Seconds) -> None:
    for _ in range(FAILURES - 1):
        call(circuit, Verdict.FAILED)
    before = circuit.state

    call(circuit, Verdict.FAILED)

    assert (before, circuit.state) == ("closed", "open")
    assert seconds_refused(circuit) == OPEN_SECONDS
    clock.now += 1
    assert seconds_refused(circuit) == OPEN_SECONDS - 1


def test_an_answer_in_between_begins_the_count_anew(circuit: Circuit) -> None:
    for _ in range(10):
        for _ in range(FAILURES - 1):
            call(circuit, Verdict.FAILED)
        call(circuit, Verdict.ANSWERED)

    assert circuit.state == "closed"


def test_what_tells_nothing_counts_neither_way(circuit: Circuit) -> None:
    for _ in range(FAILURES - 1):
        call(circuit, Verdict.FAILED)
    for _ in range(10):
        call(circuit, Verdict.NOTHING)
    before = circuit.state

    call(circuit, Verdict.FAILED)

    assert (before, circuit.state) == ("closed", "open")


def test_after_its_pause_exactly_one_call_is_let_through(circuit: Circuit, clock: Seconds) -> None:
    opened(circuit)
    clock.now += OPEN_SECONDS
    state = circuit.state

    probe = circuit.admit()

    assert state == circuit.state == "half_open"
    assert probe.is_probe is True
    assert [seconds_refused(circuit) for _ in range(5)] == [PROBE_RETRY_SECONDS] * 5


def test_a_probe_that_is_answered_closes_it(circuit: Circuit, clock: Seconds) -> None:
    opened(circuit)
    clock.now += OPEN_SECONDS

    call(circuit, Verdict.ANSWERED)

    assert circuit.state == "closed"
    assert [circuit.admit().is_probe for _ in range(5)] == [False] * 5
    for _ in range(FAILURES - 1):
        call(circuit, Verdict.FAILED)
    assert circuit.state == "closed"


def test_probes_that_fail_open_it_for_twice_as_long_up_to_a_maximum(circuit: Circuit, clock: Seconds) -> None:
    opened(circuit)
    pauses = []

    for _ in range(6):
        pauses.append(seconds_refused(circuit))
        clock.now += pauses[-1]
        call(circuit, Verdict.FAILED)

    assert pauses == [4, 8, 16, 30, 30, 30]


def test_once_closed_its_pauses_begin_small_again(circuit: Circuit, clock: Seconds) -> None:
    opened(circuit)
    clock.now += OPEN_SECONDS
    call(circuit, Verdict.FAILED)
    clock.now += 2 * OPEN_SECONDS
    call(circuit, Verdict.ANSWERED)

    opened(circuit)

    assert seconds_refused(circuit) == OPEN_SECONDS


def test_a_probe_that_tells_nothing_makes_the_next_call_the_probe(circuit: Circuit, clock: Seconds) -> None:
    opened(circuit)
    clock.now += OPEN_SECONDS

    call(circuit, Verdict.NOTHING)

    assert circuit.state == "half_open"
    assert circuit.admit().is_probe is True


@pytest.mark.parametrize("verdict", [Verdict.ANSWERED, Verdict.FAILED, Verdict.NOTHING])
def test_calls_from_before_it_opened_change_nothing(
    circuit: Circuit, clock: Seconds, verdict: Verdict
) -> None:
    late = [circuit.admit() for _ in range(2 * FAILURES)]
    opened(circuit)
    circuit.settle(late[0], verdict)
    wait = seconds_refused(circuit)

    clock.now += OPEN_SECONDS
    probe = circuit.admit()
    for permit in late[1:]:
        circuit.settle(permit, verdict)

    assert (wait, circuit.state) == (OPEN_SECONDS, "half_open")
    assert seconds_refused(circuit) == PROBE_RETRY_SECONDS
    circuit.settle(probe, Verdict.ANSWERED)
    assert circuit.state == "closed"


def test_failures_from_before_it_closed_do_not_open_it(circuit: Circuit, clock: Seconds) -> None:
    late = [circuit.admit() for _ in range(2 * FAILURES)]
    opened(circuit)
    clock.now += OPEN_SECONDS
    call(circuit, Verdict.ANSWERED)

    for permit in late:
        circuit.settle(permit, Verdict.FAILED)

    assert circuit.state == "closed"


def test_a_rate_limit_opens_it_at_once_for_as_long_as_the_provider_says(
    circuit: Circuit, clock: Seconds
) -> None:
    call(circuit, Verdict.RATE_LIMITED, 90)

    assert (circuit.state, seconds_refused(circuit)) == ("open", 90)
    clock.now += 90
    call(circuit, Verdict.ANSWERED)
    assert circuit.state == "closed"


def test_a_rate_limit_that_does_not_say_how_long_holds_calls_back_for_a_little(
    circuit: Circuit, clock: Seconds
) -> None:
    pauses = []

    for _ in range(6):
        call(circuit, Verdict.RATE_LIMITED)
        pauses.append(seconds_refused(circuit))
        clock.now += pauses[-1]

    assert pauses == [2, 4, 8, 16, 30, 30]


def test_rate_limits_of_calls_that_were_under_way_together_count_once(
    circuit: Circuit, clock: Seconds
) -> None:
    together = [circuit.admit() for _ in range(4)]
    circuit.settle(together[0], Verdict.RATE_LIMITED)
    circuit.settle(together[1], Verdict.RATE_LIMITED)
    first = seconds_refused(circuit)

    circuit.settle(together[2], Verdict.RATE_LIMITED, 60)
    longer = seconds_refused(circuit)
    circuit.settle(together[3], Verdict.RATE_LIMITED, 5)

    assert (first, longer, seconds_refused(circuit)) == (RATE_LIMITED_SECONDS, 60, 60)


def test_no_time_for_a_rate_limit_means_that_it_holds_nothing_back(clock: Seconds) -> None:
    circuit = a_circuit(clock, rate_limited_seconds=0)

    call(circuit, Verdict.RATE_LIMITED)

    assert circuit.state == "closed"
    call(circuit, Verdict.RATE_LIMITED, 5)
    assert seconds_refused(circuit) == 5


def test_a_failure_that_says_when_to_come_again_is_heeded(circuit: Circuit) -> None:
    for _ in range(FAILURES):
        call(circuit, Verdict.FAILED, 20)

    assert seconds_refused(circuit) == 20


def test_its_pauses_are_jittered_and_never_shorter_than_the_provider_asked_for(clock: Seconds) -> None:
    calls = CallSettings(connect_timeout_seconds=1, read_timeout_seconds=1, circuit_failures=1)
    pauses, asked = [], []
    for _ in range(200):
        failing, limited = Circuit("order", calls, clock=clock), Circuit("order", calls, clock=clock)
        call(failing, Verdict.FAILED)
        call(limited, Verdict.RATE_LIMITED, 10)
        pauses.append(seconds_refused(failing))
        asked.append(seconds_refused(limited))

    assert 3.75 <= min(pauses) < 4.5 < 5.5 < max(pauses) <= 6.25
    assert 10 <= min(asked) < 10.5 < 12 < max(asked) <= 12.5


def test_it_logs_once_that_it_opened_and_once_that_it_closed(
    circuit: Circuit, clock: Seconds, logged: list[Any]
) -> None:
    opened(circuit)
    for _ in range(3):
        seconds_refused(circuit)
        clock.now += OPEN_SECONDS_MAX
        call(circuit, Verdict.FAILED)
    clock.now += OPEN_SECONDS_MAX
    call(circuit, Verdict.ANSWERED)
    call(circuit, Verdict.ANSWERED)

    assert logged == [
        {
            "event": "provider.circuit_opened",
            "kind": "order",
            "why": "failed",
            "seconds": 4.0,
            "log_level": "warning",
        },
        {"event": "provider.circuit_closed", "kind": "order", "log_level": "warning"},
    ]


def test_of_many_threads_one_gets_the_probe(circuit: Circuit, clock: Seconds) -> None:
    threads = 16
    opened(circuit)

    def admitted(_: int) -> Permit | None:
        together.wait(10)
        try:
            return circuit.admit()
        except ProviderUnavailable:
            return None

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(50):
            clock.now += OPEN_SECONDS_MAX
            together = threading.Barrier(threads)
            (probe,) = [permit for permit in pool.map(admitted, range(threads)) if permit]
            assert probe.is_probe is True
            circuit.settle(probe, Verdict.FAILED)


def test_its_calls_run_next_to_each_other(circuit: Circuit) -> None:
    threads = 8
    all_there = threading.Barrier(threads)

    def meet(_: int) -> int:
        permit = circuit.admit()
        # Nobody gets past this unless all are in the middle of their call.
        place = all_there.wait(10)
        circuit.settle(permit, Verdict.ANSWERED)
        return place

    with ThreadPoolExecutor(threads) as pool:
        assert sorted(pool.map(meet, range(threads))) == list(range(threads))
