"""Whether webhooks have fallen silent: payments are made, and no event tells of them. Razorpay switches an
endpoint off that has failed for a day, and tells nobody who does not read mail.

Known by what needs no webhook: payments that a verification, a look or a comparison found paid. A night
without payments is not silent, and neither is one payment whose event is merely late. Reads only.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.context import Limits
from gateway.domain.models import Payment, WebhookEvent

# An event may come this long before the payment that it is about is found paid by another way.
EVENT_MAY_COME_BEFORE = timedelta(minutes=5)
# Payments are looked for this far back. Who has not read the alarm by then is told by the daily comparison.
LOOKED_BACK = timedelta(hours=48)
# The last event before a silence is looked for this much further back, and its margin is compared as well.
LAST_EVENT_LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Silence:
    """last_event_at: when the last event before it came; None when none did within LAST_EVENT_LOOKED_BACK.
    noticed_by: when the newest payment was made of which an event should have told."""

    last_event_at: datetime | None
    noticed_by: datetime

    @property
    def since(self) -> datetime:
        """Return from when on something may have been missed."""
        return self.last_event_at or self.noticed_by - LAST_EVENT_LOOKED_BACK


def current(now: datetime, limits: Limits) -> Silence | None:
    """Return the silence that lasts, or None while events come, or nothing has happened to tell of.

    Makes one query of one index while events come, and three more at most.
    """
    patience = timedelta(minutes=limits.webhook_silence_minutes)
    if _has_event_after(now - patience):
        return None
    newest = _newest_payment(now - LOOKED_BACK, now - patience)
    if newest is None or _has_event_after(newest - EVENT_MAY_COME_BEFORE):
        return None
    earliest = newest - LAST_EVENT_LOOKED_BACK
    rows = WebhookEvent.objects(received_at__gt=earliest, received_at__lte=newest).only("received_at")
    last = rows.order_by("-received_at").first()
    return Silence(last.received_at if last else None, newest)


def _has_event_after(time: datetime) -> bool:
    return WebhookEvent.objects(received_at__gt=time).only("id").first() is not None


def _newest_payment(after: datetime, until: datetime) -> datetime | None:
    row = Payment.objects(paid_at__gt=after, paid_at__lte=until).only("paid_at").order_by("-paid_at").first()
    return row.paid_at if row else None
