"""The steps that a random sequence is made of, how often each is taken, and with what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.support.memory_provider import FAULTS
from tests.support.money_model import clients, happenings
from tests.support.money_model.world import World

Strategy = st.SearchStrategy[Any]

KEYS = st.sampled_from([None, None, "a key", "another key"])
AMOUNTS = st.sampled_from([10_000, 25_000])
# All that is left, or so much of it.
PARTS = st.sampled_from([None, 100, 4_000, 6_000, 10_000])
WHICH = st.integers(0, 3)
SECONDS = st.sampled_from([1, 3, 12, 30, 120, 700, 7_200, 100_000])
SELDOM = st.sampled_from([False, False, False, True])
# At which of the named points that it reaches a process dies, if it reaches so many; or what becomes of the
# next call to the provider, now or later.
DEATHS = (1, 2, 3, 4, 6, 9)
TROUBLE = st.sampled_from([None] * 8 + [*DEATHS, *FAULTS])


@dataclass(frozen=True)
class Kind:
    """A kind of step: how often it is taken in comparison with the others, and what it is taken with.
    is_heard: whether the service has a part in it, and can get into trouble over it."""

    act: Callable[..., None]
    weight: int
    arguments: dict[str, Strategy]
    is_heard: bool = True


# The first one is the simplest to Hypothesis, which takes it more often.
KINDS = [
    Kind(happenings.wait, 4, {"seconds": SECONDS}, is_heard=False),
    Kind(happenings.sweep, 6, {}),
    Kind(clients.create, 2, {"amount_minor": AMOUNTS, "key": KEYS, "opens_order": st.booleans()}),
    Kind(clients.process, 2, {"which": WHICH, "upi": st.sampled_from([None, clients.UPI])}),
    Kind(
        clients.verify,
        3,
        {"which": WHICH, "attempt": WHICH, "is_forged": SELDOM, "is_misplaced": SELDOM},
    ),
    Kind(clients.refund, 4, {"which": WHICH, "part_minor": PARTS, "key": KEYS}),
    Kind(clients.ask_again, 2, {}),
    Kind(clients.cancel, 2, {"which": WHICH}),
    Kind(
        happenings.pay,
        4,
        {"which": WHICH, "status": st.sampled_from(["authorized", "captured", "captured", "failed"])},
        is_heard=False,
    ),
    Kind(happenings.move, 4, {"number": st.integers(0, 30)}, is_heard=False),
    Kind(
        happenings.deliver,
        6,
        {"number": st.integers(0, 8), "is_replayed": SELDOM, "is_at_once": st.booleans()},
    ),
    Kind(happenings.go_away_or_come_back, 1, {}, is_heard=False),
    Kind(happenings.reconcile, 1, {}),
]


@dataclass(frozen=True)
class Step:
    """One step of a sequence."""

    kind: Kind
    arguments: dict[str, Any]
    trouble: int | str | None

    def take(self, world: World) -> None:
        """Let it happen."""
        if isinstance(self.trouble, int):
            world.points_left = self.trouble
        elif self.trouble:
            world.provider.faults.append(self.trouble)
        self.kind.act(world, **self.arguments)
        world.points_left = None

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        called = f"{self.kind.act.__name__}({arguments})"
        if isinstance(self.trouble, int):
            return f"{called} dying at point {self.trouble}"
        return f"{called} with the next call {self.trouble}" if self.trouble else called

    def _repr_pretty_(self, printer: Any, is_cycle: bool) -> None:
        """Let Hypothesis print it as it is, and not how it was drawn."""
        printer.text(repr(self))


def _of(kind: Kind) -> st.SearchStrategy[Step]:
    trouble = TROUBLE if kind.is_heard else st.none()
    return st.builds(Step, st.just(kind), st.fixed_dictionaries(kind.arguments), trouble)


# Made once, because making them takes longer than drawing from them.
STEPS_OF_KINDS = [_of(kind) for kind in KINDS]
STEPS = st.sampled_from([number for number, kind in enumerate(KINDS) for _ in range(kind.weight)]).flatmap(
    STEPS_OF_KINDS.__getitem__
)
