"""What happens at the provider without the service, and what goes wrong between the two."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from hypothesis import note

from gateway.domain.provider import ProviderPayment
from gateway.domain.work import PROCESS_WEBHOOK_EVENT
from tests.support.memory_account import MemoryAccount
from tests.support.money_model import ending, workers
from tests.support.money_model.world import World

Move = tuple[str, Callable[[], object], bool]

DASHBOARD_REFUNDS_MINOR = (1_000, 4_000, 10_000)


def pay(world: World, which: int, status: Literal["authorized", "captured", "failed"]) -> None:
    """Let a customer pay an order, or try to."""
    order_ids = list(world.account.orders)
    if order_ids:
        world.account.pay(order_ids[which % len(order_ids)], status)


def move(world: World, number: int) -> None:
    """Let the provider, a bank, or a person at the dashboard do one of the things that they can do now."""
    moves = _moves(world.account)
    if moves:
        what, act, is_odd = moves[number % len(moves)]
        note(what)
        world.is_odd = world.is_odd or is_odd
        act()


def _moves(account: MemoryAccount) -> list[Move]:
    """Return what can happen now: in words, the act, and whether a person should be told of it."""
    moves = [move for payment in account.payments.values() for move in _moves_of_payment(account, payment)]
    for refund in account.refunds.values():
        if refund.status == "pending":
            moves.append(
                (f"{refund.id} arrives", partial(account.move_refund, refund.id, "processed"), False)
            )
        if refund.status != "failed":
            moves.append((f"{refund.id} fails", partial(account.move_refund, refund.id, "failed"), False))
    return moves


def _moves_of_payment(account: MemoryAccount, payment: ProviderPayment) -> list[Move]:
    moves: list[Move] = []
    if payment.status in ("created", "failed"):
        # Of two that are authorised at the same time, a person is told: the customer's money is held twice.
        is_second = account.is_taken(str(payment.order_id))
        moves.append((f"{payment.id} is approved", partial(account.approve, payment.id), is_second))
    if payment.status == "created":
        moves.append((f"{payment.id} is declined", partial(account.decline, payment.id), False))
    if payment.status == "authorized":
        moves.append((f"{payment.id} goes back", partial(account.return_uncaptured, payment.id), True))
        is_first = not any(each.captured for each in account.payments_of(payment.order_id))
        if is_first or account.is_paid_twice:
            act = partial(account.capture, payment.id, payment.amount_minor)
            moves.append((f"{payment.id} is captured by the provider", act, False))
    left_minor = payment.amount_minor - account.returned_minor(payment.id)
    for part_minor in DASHBOARD_REFUNDS_MINOR:
        if payment.captured and part_minor <= left_minor:
            act = partial(account.refund_at_dashboard, payment.id, part_minor)
            moves.append((f"{part_minor} of {payment.id} goes back from the dashboard", act, True))
    return moves


def deliver(world: World, number: int, is_replayed: bool, is_at_once: bool) -> None:
    """Deliver an event, counted from the newest: for the first time, again, or its body under another event
    id; and work it off at once, or leave it to the sweep."""
    events = world.account.events
    if not events:
        return
    event = events[-1 - number % len(events)]
    note(event.body.decode())
    stored = world.deliver(event, f"replay {event.id}" if is_replayed else event.id)
    if stored and is_at_once:
        world.mortal(lambda: workers.do(world.context, (stored.id, PROCESS_WEBHOOK_EVENT)))


def sweep(world: World) -> None:
    """Let the workers do what is due."""
    world.sweep()


def reconcile(world: World) -> None:
    """Compare with the provider, as the daily task does."""
    world.mortal(lambda: ending.reconcile(world))


def wait(world: World, seconds: int) -> None:
    """Let time pass."""
    world.provider.advance(seconds)


def go_away_or_come_back(world: World) -> None:
    """Let the provider go away, or come back."""
    world.provider.is_away = not world.provider.is_away
