"""The form that a merchant's page posts to open the hosted checkout: what it must say, what is read in it.

Nothing is stored: every page of the checkout carries these fields along as hidden inputs, and every step
reads and checks them again. They come from a browser each time, so no step believes them more than the first.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox import checkout, errors, fields
from sandbox.world import Transaction

JsonObject = dict[str, Any]
OPTIONAL_TEXTS = ("description", "image", "cancel_url")
PREFILLS = ("name", "email", "contact")
# Also what may stand in a Content-Security-Policy, so that a URL cannot smuggle a directive into it.
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_UNSEEN = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Opening:
    """What the merchant asks for. amount: smallest currency unit. Empty texts were not given."""

    key_id: str
    order_id: str
    amount: int
    currency: str
    name: str
    callback_url: str
    description: str
    image: str
    cancel_url: str
    prefill: dict[str, str]
    notes: JsonObject

    @property
    def payer(self) -> JsonObject:
        """Give what a payment takes from the form."""
        return {
            "email": self.prefill["email"],
            "contact": self.prefill["contact"],
            "description": self.description or None,
            "notes": self.notes,
        }

    def hidden_fields(self) -> list[tuple[str, str]]:
        """List names and values that open the same checkout again."""
        names = ("key_id", "order_id", "amount", "currency", "name", "callback_url", *OPTIONAL_TEXTS)
        return [
            *((name, str(getattr(self, name))) for name in names),
            *((f"prefill[{name}]", value) for name, value in self.prefill.items()),
            *((f"notes[{name}]", str(value)) for name, value in self.notes.items()),
        ]


def read(body: JsonObject, key_id: str) -> Opening:
    """Read the form. Unknown fields are ignored, as on the real page. Raises ProviderError."""
    if _text(body, "key_id") != key_id:
        raise errors.ProviderError("The api key provided is invalid", field="key_id")
    if body.get("amount") in (None, ""):
        raise errors.required("amount")
    callback_url = _text(body, "callback_url")
    optional = {name: fields.text(body.get(name, ""), name) for name in OPTIONAL_TEXTS}
    for name, url in (("callback_url", callback_url), ("cancel_url", optional["cancel_url"])):
        if url and not is_web_address(url):
            raise errors.invalid(f"The {name} must be an http or https address.", name)
    notes = fields.notes(body.get("notes"))
    return Opening(
        key_id=key_id,
        order_id=_text(body, "order_id"),
        amount=fields.whole_number(body["amount"], "amount"),
        currency=_text(body, "currency"),
        name=_text(body, "name"),
        callback_url=callback_url,
        **optional,
        prefill=_prefill(body.get("prefill", {})),
        notes=notes if isinstance(notes, dict) else {},
    )


def payable_order(tx: Transaction, opening: Opening) -> JsonObject:
    """Read the order that is to be paid. Raises ProviderError when it cannot be, or not like this."""
    order = checkout.payable_order(tx, opening.order_id)
    checkout.require_amount_of_order(order, opening.amount, opening.currency)
    return order


def is_web_address(url: str) -> bool:
    """Tell whether a text is an absolute http or https URL with a plain host name."""
    return not _UNSEEN.search(url) and origin(url) is not None


def origin(url: str) -> str | None:
    """Give scheme, host and port of a URL, or None for what is no web address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = f"{parts.scheme}://{parts.netloc}"
    return found if _ORIGIN.fullmatch(found) else None


def _text(body: JsonObject, name: str) -> str:
    if body.get(name) in (None, ""):
        raise errors.required(name)
    return fields.text(body[name], name)


def _prefill(prefill: Any) -> dict[str, str]:
    if not isinstance(prefill, dict):
        raise errors.invalid("The prefill must be an object.", "prefill")
    return {name: fields.text(prefill.get(name, ""), f"prefill[{name}]") for name in PREFILLS}
