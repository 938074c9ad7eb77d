"""The sandbox's README names everything that the sandbox has."""

import re
from pathlib import Path

import pytest

from sandbox import cards, events, faults, instruments
from sandbox.api.routes import ROUTES as API_ROUTES
from sandbox.control.routes import ROUTES as CONTROL_ROUTES
from sandbox.happenings import KEPT_HAPPENINGS, KINDS, LISTENERS_MAX
from sandbox.ladder import ATTEMPTS_MAX, gap_seconds
from sandbox.snapshots import NAME_CHARACTERS_MAX, SNAPSHOTS_MAX

FOLDER = Path(__file__).parents[2] / "sandbox"
README = (FOLDER / "README.md").read_text()
# The loop over the switches is written out.
_LOOP = re.search(r"for switch in (.*); do (.*)\$switch; done", README)
EXAMPLES = [
    *re.findall(r"^.*\$SANDBOX.*$", README, re.MULTILINE),
    *(_LOOP[2] + name for name in _LOOP[1].split()),
]
DIGITS = re.sub(r"[ ,]", "", README)


def row_of(path: str) -> str:
    """Give the lines of tables that name a path, whatever its placeholders are called."""
    wanted = re.sub(r"<\w+>", "{}", path)
    lines = [line for line in README.splitlines() if line.startswith("|")]
    return "\n".join(line for line in lines if wanted in re.sub(r"\{\w+\}", "{}", line))


@pytest.mark.parametrize("route", CONTROL_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_control_is_in_the_table_with_its_method(route):
    assert re.search(rf"`?{route.method}\b", row_of(route.path))


@pytest.mark.parametrize("route", CONTROL_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_control_has_an_example(route):
    path = re.sub(r"<\w+>", r"(\\$\\w+|\\$\\(\\w+\\)|\\w+)", route.path.removeprefix("/sandbox"))
    commands = [line for line in EXAMPLES if re.search(rf"\$SANDBOX{path}(?![/\w$-])", line)]
    by_method = {
        "GET": lambda line: "-d" not in line and "-X" not in line,
        "POST": lambda line: "-d" in line or "-X POST" in line,
        "DELETE": lambda line: "-X DELETE" in line,
    }

    assert [line for line in commands if by_method[route.method](line)] != []


def test_every_kind_of_entity_in_the_api_is_named():
    paths = {"/".join(route.path.split("/")[:3]) for route in API_ROUTES}

    assert [path for path in paths if path not in README] == []


def test_every_setting_is_named():
    names = set(re.findall(r'"((?:SANDBOX|RAZORPAY)_[A-Z_]+)"', (FOLDER / "settings.py").read_text()))

    assert {name for name in names if f"`{name}`" not in README} == set()


@pytest.mark.parametrize(
    "names",
    [faults.NAMES, KINDS, instruments.UPI_FAILING_AMOUNTS.values(), cards.REASON_BY_ERROR_CARD.values()],
    ids=["faults", "kinds", "amounts", "reasons"],
)
def test_every_name_is_there(names):
    assert [name for name in names if f"`{name}`" not in README] == []


def test_every_card_is_there():
    numbers = {*cards.SUCCESS_CARDS, *cards.INTERNATIONAL_CARDS, *cards.REASON_BY_ERROR_CARD}
    numbers |= {cards.EMI_CARD, cards.SUBSCRIPTION_CARD}

    assert [number for number in sorted(numbers) if number not in DIGITS] == []


def test_every_event_is_there():
    whole = [name for name in events.NAMES if not name.startswith("payment.dispute.")]
    parts = [name.rpartition(".")[2] for name in events.NAMES if name not in whole]

    assert [name for name in (*whole, *parts) if f"`{name}`" not in README] == []


def test_the_ladder_is_told_as_it_is():
    gaps = [gap_seconds("payment.captured", failed) for failed in range(2, ATTEMPTS_MAX)]
    told = f"{', '.join(str(gap) for gap in gaps[:-1])} and {gaps[-1]} seconds"

    assert told in README.replace("\n", " ")


def test_the_limits_are_told_as_they_are():
    for text in (
        f"at most {SNAPSHOTS_MAX}, names have at most {NAME_CHARACTERS_MAX}",
        f"The last {KEPT_HAPPENINGS:,} things",
        f"{LISTENERS_MAX} listeners at most",
    ):
        assert text in README.replace("\n", " ")
