"""When comparisons begin by themselves, and when webhooks count as silent."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.domain import alarms, webhook_silence, webhooks
from gateway.domain.context import Limits
from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.reconciliation import schedule
from gateway.domain.reconciliation.models import REGULAR, SILENCE, ReconciliationRun
from gateway.domain.webhook_silence import Silence
from tests.conftest import Stack
from tests.support.both_sides import DAY, BothSides, stored
from tests.support.database import empty_database
from tests.support.domain import NOW
from tests.support.memory_provider import WEBHOOK_SIGNATURE
from tests.support.racing import together

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def sides(stack: Stack) -> Iterator[BothSides]:
    with empty_database(stack.mongodb_uri):
        yield BothSides()


def begin(sides: BothSides) -> list[tuple[str, timedelta]]:
    """Begin what is due, and go through it; returns the triggers and lengths of the windows."""
    begun = schedule.begin_due(sides.context())
    for run in begun:
        assert (run.work.kind, run.work.due_at, run.window_to) == ("reconcile", sides.clock(), sides.clock())
        ReconciliationRun.objects(id=run.id).update(set__finished_at=sides.clock(), unset__work=1)
    return [(run.trigger, run.window_to - run.window_from) for run in begun]


def delivered(sides: BothSides, payment: Payment) -> None:
    """Deliver the newest event of the account, and apply it."""
    event = sides.account.events[-1]
    received = webhooks.receive(sides.context(), event.body, signature=WEBHOOK_SIGNATURE, event_id=event.id)
    assert received is not None
    webhooks.process(sides.context(), received.id)
    assert stored(payment).status == "PAID"


def paid_and_verified(sides: BothSides) -> Payment:
    """Return a payment whose being paid was learned without a webhook."""
    return sides.payment(status="PAID", captured_minor=50_000, paid_at=sides.clock())


def silence(sides: BothSides) -> Silence | None:
    return webhook_silence.current(sides.clock(), Limits())


def test_the_regular_comparison_begins_once_a_day(sides: BothSides) -> None:
    assert begin(sides) == [(REGULAR, 4 * DAY)]
    assert begin(sides) == []
    sides.clock.advance(23 * 3600)
    assert begin(sides) == []
    sides.clock.advance(3600)
    assert begin(sides) == [(REGULAR, 4 * DAY)]


def test_many_beats_at_once_begin_one(sides: BothSides) -> None:
    begun = together(6, lambda _: schedule.begin_due(sides.context()))

    assert sorted(len(each) for each in begun) == [0] * 5 + [1]
    assert ReconciliationRun.objects.count() == 1


def test_after_a_time_without_comparisons_the_window_reaches_back_over_it(sides: BothSides) -> None:
    begin(sides)
    sides.clock.advance(timedelta(days=10).total_seconds())

    # As if those of the nine days between had taken place.
    assert begin(sides) == [(REGULAR, 13 * DAY)]
    sides.clock.advance(timedelta(days=100).total_seconds())
    assert begin(sides) == [(REGULAR, 31 * DAY)]


def test_no_second_one_begins_while_the_first_is_under_way(sides: BothSides) -> None:
    (run,) = schedule.begin_due(sides.context())
    sides.clock.advance(timedelta(days=3).total_seconds())

    assert schedule.begin_due(sides.context()) == []
    ReconciliationRun.objects(id=run.id).update(set__finished_at=sides.clock())
    assert begin(sides) == [(REGULAR, 6 * DAY)]


def test_a_beat_that_dies_before_the_run_is_written_is_followed_by_another(
    sides: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(schedule.runs, "start", die)
        with pytest.raises(SystemError):
            schedule.begin_due(sides.context())

    sides.clock.advance(schedule.LEASE_SECONDS)
    assert begin(sides) == [(REGULAR, 4 * DAY)]


def test_a_quiet_night_is_not_silent(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment)
    delivered(sides, payment)
    sides.clock.advance(10 * 3600)

    assert silence(sides) is None


def test_a_fresh_deployment_is_not_silent(sides: BothSides) -> None:
    sides.payment()
    sides.clock.advance(10 * 3600)

    assert silence(sides) is None


def test_a_webhook_that_is_merely_late_is_waited_for(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment)
    delivered(sides, payment)
    sides.clock.advance(5 * 3600)
    paid_and_verified(sides)
    sides.clock.advance(29 * 60)

    assert silence(sides) is None


def test_an_event_that_came_just_before_the_payment_was_verified_is_about_it(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment)
    delivered(sides, payment)
    sides.clock.advance(2)
    paid_and_verified(sides)
    sides.clock.advance(10 * 3600)

    assert silence(sides) is None


def test_payments_without_any_event_are_silence_from_the_last_event_on(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment)
    delivered(sides, payment)
    sides.clock.advance(3600)
    paid_and_verified(sides)
    sides.clock.advance(31 * 60)

    assert silence(sides) == Silence(last_event_at=NOW, noticed_by=NOW + HOUR)
    assert [alarm.name for alarm in alarms.current(sides.clock(), Limits()) if "webhook s" in alarm.name] == [
        "webhook silent"
    ]
    # Until an event comes.
    WebhookEvent(body_sha256="another", body=b"{}", received_at=sides.clock()).save()
    assert silence(sides) is None


def test_an_endpoint_that_was_never_registered_is_noticed(sides: BothSides) -> None:
    paid_and_verified(sides)
    sides.clock.advance(31 * 60)

    found = silence(sides)

    assert found == Silence(last_event_at=None, noticed_by=NOW)
    assert found.since == NOW - webhook_silence.LAST_EVENT_LOOKED_BACK


def test_the_time_of_silence_is_compared_at_once_and_once_an_hour(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment)
    delivered(sides, payment)
    assert begin(sides) == [(REGULAR, 4 * DAY)]
    sides.clock.advance(3 * 3600)
    paid_and_verified(sides)
    sides.clock.advance(31 * 60)

    since = 3 * HOUR + 31 * MINUTE + schedule.SILENCE_MARGIN
    assert begin(sides) == [(SILENCE, since)]
    assert begin(sides) == []
    sides.clock.advance(3600)
    assert begin(sides) == [(SILENCE, since + HOUR)]


def test_an_open_discrepancy_raises_an_alarm(sides: BothSides) -> None:
    sides.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_unknown")
    sides.compare()

    (alarm,) = [each for each in alarms.current(sides.clock(), Limits()) if each.name == "discrepancies open"]

    assert alarm.detail == "Waiting for a person to decide: 1. See `flask discrepancies list`."


def overdue(sides: BothSides) -> list[str]:
    """Return what the alarm about comparisons says."""
    return [
        alarm.detail
        for alarm in alarms.current(sides.clock(), Limits())
        if alarm.name == "reconciliation overdue"
    ]


def test_a_comparison_that_does_not_take_place_or_end_raises_an_alarm(sides: BothSides) -> None:
    assert overdue(sides) == []
    begin(sides)
    sides.clock.advance(48 * 3600)
    assert overdue(sides) == []
    sides.clock.advance(3600)
    what = "The last regular comparison with the provider began 49 h ago"
    assert overdue(sides) == [f"{what}, and finished."]
    ReconciliationRun.objects.update(unset__finished_at=1)
    assert overdue(sides) == [f"{what}, and has not come to its end."]


def test_a_comparison_that_was_stopped_raises_an_alarm(sides: BothSides) -> None:
    begin(sides)
    ReconciliationRun.objects.update(set__stopped_because="1000 differences wait")

    assert overdue(sides) == [
        "The last regular comparison with the provider was stopped. Try `flask reconcile`."
    ]
