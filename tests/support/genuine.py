"""The provider's own events, as it sends them: to be held back, sent by hand, altered, and sent again."""

from dataclasses import dataclass

import requests

from tests.support.client import PAYMENTS, Api, Sandbox


@dataclass(frozen=True)
class Event:
    """One event of the sandbox with its raw body and the signature that it is sent with."""

    id: str
    name: str
    body: bytes
    signature: str

    def send(
        self,
        api: Api,
        *,
        event_id: str | None = None,
        body: bytes | None = None,
        signature: str | None = None,
    ) -> requests.Response:
        """Deliver it as the provider does, but for what is given."""
        headers = {
            "Content-Type": "application/json",
            "X-Razorpay-Signature": signature or self.signature,
            "X-Razorpay-Event-Id": event_id or self.id,
        }
        return api.post(f"{PAYMENTS}/webhook", data=body or self.body, headers=headers)


def events_of(sandbox: Sandbox, **query: str) -> list[Event]:
    """Return the events about an order, a payment or a refund, the oldest first. query: as for deliveries,
    such as order_id."""
    found = dict.fromkeys(delivery["event_id"] for delivery in reversed(sandbox.webhooks(**query)))
    return [event(sandbox, event_id) for event_id in found]


def event(sandbox: Sandbox, event_id: str) -> Event:
    """Return one event."""
    shown = sandbox.control("GET", f"/webhooks/{event_id}").json()
    signature = shown["headers"]["X-Razorpay-Signature"]
    return Event(shown["event_id"], shown["event"], shown["body"].encode(), signature)
