"""The fault suite: a stack whose processes are killed, held and cut off, and five invariants that are checked
after every scenario, here and at the provider."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import mongoengine
import pytest
from _pytest.terminal import TerminalReporter

from tests.conftest import Stack
from tests.support import fault_report, rounds, servers
from tests.support.acknowledged import Acknowledged
from tests.support.client import WATCHERS, PaidOrder, Person, Sandbox, paid_order
from tests.support.database import empty_database, little_logged
from tests.support.invariants import World
from tests.support.own import OwnStack
from tests.support.own_service import OwnService, own_service
from tests.support.scenario import Scenario
from tests.support.steps import at_rest
from tests.support.waiting import wait_until

# As short as the settings allow, because a dead worker's claim must run out before anyone goes on.
SETTINGS = {
    "CLAIM_TTL_SECONDS": "7",
    "PROVIDER_CONNECT_TIMEOUT_SECONDS": "0.4",
    "PROVIDER_READ_TIMEOUT_SECONDS": "1.4",
    "SWEEP_INTERVAL_SECONDS": "1",
    "SWEEP_STALE_SECONDS": "5",
    "WAIT_FOR_WORK_SECONDS": "1",
    # The limits count in Redis, and nobody reaches them.
    "RATELIMIT_ENABLED": "true",
    "RATELIMIT_API": "1000000 per 15 minutes",
    "RATELIMIT_WEBHOOK": "1000000 per 15 minutes",
    "WEB_CONCURRENCY": "2",
    "WORKER_CONCURRENCY": "4",
}


# Of a whole scenario with its checks, in which each single wait has a deadline of its own.
SCENARIO_SECONDS_MAX = 300


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known with which a test is repeated."""
    config.addinivalue_line("markers", "repeated(times): run the test so many times")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat the tests that are marked so."""
    rounds.repeat(metafunc)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a scenario the time that it needs on a machine with other things to do."""
    for item in items:
        if item.path.parent == Path(__file__).parent and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SCENARIO_SECONDS_MAX))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the table of scenarios."""
    fault_report.print_table(terminalreporter)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the scenario know whether its test has failed: then it need not wait for long."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[Scenario.FAILED] = True
    return report


@pytest.fixture
def round_number(request: pytest.FixtureRequest) -> int:
    """The number of the round, counted from 1."""
    return getattr(request, "param", 1)


@pytest.fixture(autouse=True)
def scenario(request: pytest.FixtureRequest, round_number: int) -> Iterator[Scenario]:
    """The scenario of a test. When the test is over, the five invariants are checked for every payment that
    it has made through the API, in the stacks that it has used."""
    acknowledged = Acknowledged()
    scenario = Scenario(acknowledged)
    # By now only those that live as long as all tests: a test's own things are put right before the checks.
    if "own_stack" in request.fixturenames:
        own: OwnStack = request.getfixturevalue("own_stack")
        scenario.worlds.append(lambda: World(own.database, own.sandbox, own.stack.api_url))
    if "stack" in request.fixturenames:
        stack: Stack = request.getfixturevalue("stack")
        scenario.worlds.append(lambda: _world_of(stack))
    WATCHERS.append(acknowledged.watch)
    yield scenario
    WATCHERS.remove(acknowledged.watch)
    found = scenario.violations(test_failed=request.node.stash.get(Scenario.FAILED, False))
    request.node.user_properties += [
        (fault_report.ROUNDS, scenario.rounds_counted),
        (fault_report.VIOLATIONS, len(found)),
        *((fault_report.FIGURE, figure) for figure in scenario.figures),
    ]
    if found:
        pytest.fail("\n".join(["Invariants are violated:", *found]), pytrace=False)


def _world_of(stack: Stack) -> World:
    environ = stack.environ
    keys = (environ[name] for name in ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"))
    # The fixture of the shared stack has opened its database to the models.
    return World(mongoengine.get_db(), Sandbox(stack.sandbox_url, *keys), stack.api_url)


@pytest.fixture
def paid(customer: Person, sandbox: Sandbox) -> PaidOrder:
    """A payment of 500.00 about which no webhook is on its way."""
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox, 500)
    at_rest(paid.payment_id)
    return paid


@pytest.fixture(scope="session")
def accepting_service(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, standing: contextlib.ExitStack
) -> OwnService:
    """A service that accepts late money, is soon alarmed by money that it could not take, and compares also
    what has happened just now."""
    settings = {
        "LATE_PAYMENT_POLICY": "accept",
        "CAPTURE_OVERDUE_SECONDS": "1",
        "RECONCILE_GRACE_SECONDS": "0",
        "SWEEP_INTERVAL_SECONDS": "1",
    }
    directory = tmp_path_factory.mktemp("accepting_service")
    return standing.enter_context(own_service(stack, directory, **settings))


@pytest.fixture
def service(accepting_service: OwnService, scenario: Scenario) -> OwnService:
    """That service, empty, and with a sandbox of its own whose clock may be moved."""
    accepting_service.empty()
    scenario.worlds.append(accepting_service.world)
    return accepting_service


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB-compatible server with nothing around it."""
    server = servers.start_mongodb(tmp_path_factory.mktemp("mongodb"), port=0, durable=False)
    yield server.uri
    server.stop()


@pytest.fixture
def database_of_its_own(mongodb_uri: str) -> Iterator[None]:
    """An empty database on that server, open to the models."""
    with empty_database(mongodb_uri), little_logged():
        yield


@pytest.fixture(scope="session")
def kill_points_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a file of a point's name kills the process that reaches the point."""
    return tmp_path_factory.mktemp("kill_points")


@pytest.fixture(scope="session")
def own_stack(
    start_stack: Callable[..., Stack], kill_points_directory: Path, standing: contextlib.ExitStack
) -> OwnStack:
    """The stack that is broken, started when a test first needs it."""
    own = OwnStack(start_stack, **SETTINGS, KILL_POINTS_DIRECTORY=str(kill_points_directory))
    standing.callback(own.close)
    return own


@pytest.fixture
def own(own_stack: OwnStack, kill_points_directory: Path) -> Iterator[OwnStack]:
    """The stack, ready and quiet: without faults and armed points, and with nothing left to do of earlier
    scenarios, whose invariants have been checked."""
    own_stack.quieten()
    yield own_stack
    for point in kill_points_directory.iterdir():
        point.unlink()
    own_stack.sandbox.clear_faults()
    own_stack.sandbox.deliveries(paused=False, duplicate=False, shuffle=False, delay_seconds=0, corrupt=False)
    own_stack.sandbox.control("POST", "/refunds", {"mode": "processed"})
    wait_until(own_stack.is_ready, "the stack being ready again", deadline_seconds=40)
