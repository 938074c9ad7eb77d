"""How the provider is called: its address, and how long a call, a chain of calls, and a pause may take."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator


def _script_url(text: str) -> str:
    parts = urlsplit(text)
    # What comes from there runs in the page, and its origin stands in a header.
    is_plain = not {" ", ";", ",", "'", '"'} & set(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or not is_plain:
        raise ValueError("must be an address such as https://checkout.razorpay.com/v1/checkout.js")
    return text


class ProviderSettings(BaseModel):
    """The settings of calls to the provider; a part of `Settings`."""

    razorpay_base_url: str = "https://api.razorpay.com"
    # The script that the checkout page loads and that opens the provider's window.
    checkout_script_url: Annotated[str, AfterValidator(_script_url)] = (
        "https://checkout.razorpay.com/v1/checkout.js"
    )
    provider_connect_timeout_seconds: float = Field(default=2.0, gt=0, le=5)
    provider_read_timeout_seconds: float = Field(default=6.0, gt=0, le=10)
    # Instead of the read timeout, for calls that open an order or send a UPI request, capture, and refund.
    provider_order_timeout_seconds: float | None = Field(default=None, gt=0, le=10)
    provider_capture_timeout_seconds: float | None = Field(default=None, gt=0, le=10)
    provider_refund_timeout_seconds: float | None = Field(default=None, gt=0, le=10)
    # Of one call as a whole, however slowly its answer comes in; otherwise both of its timeouts together.
    provider_deadline_seconds: float | None = Field(default=None, gt=0, le=15)
    # A process makes no calls of a kind for a while after so many failures of it in a row. The while doubles
    # as long as they last.
    provider_circuit_failures: int = Field(default=5, ge=1, le=1_000_000)
    provider_circuit_open_seconds: float = Field(default=5.0, gt=0, le=600)
    provider_circuit_open_seconds_max: float = Field(default=30.0, gt=0, le=600)
    # The same after a 429 that does not say for how long; 0 for no while.
    provider_rate_limited_seconds: float = Field(default=2.0, ge=0, le=60)

    def _call_seconds(self, read_timeout_seconds: float | None) -> float:
        """Return how long one call to the provider can take."""
        read_seconds = read_timeout_seconds or self.provider_read_timeout_seconds
        return self.provider_deadline_seconds or self.provider_connect_timeout_seconds + read_seconds

    def order_again_seconds(self) -> float:
        """Return how long a second call for an order, with the look-up that follows it, can take."""
        return self._call_seconds(self.provider_order_timeout_seconds) + self._call_seconds(None)

    @property
    def provider_calls_of_one_claim_seconds(self) -> float:
        """Return how long the longest chain of provider calls under one claim can take: an order or a refund
        is looked up, asked for, and looked up again; a capture is preceded by a read."""
        look_up = self._call_seconds(None)
        order = self._call_seconds(self.provider_order_timeout_seconds)
        refund = self._call_seconds(self.provider_refund_timeout_seconds)
        capture = self._call_seconds(self.provider_capture_timeout_seconds)
        return max(look_up + max(order, refund) + look_up, look_up + capture)

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        """Check that the first pause of a circuit is not longer than the longest."""
        if self.provider_circuit_open_seconds > self.provider_circuit_open_seconds_max:
            raise ValueError(
                "PROVIDER_CIRCUIT_OPEN_SECONDS must not be more than PROVIDER_CIRCUIT_OPEN_SECONDS_MAX"
            )
        return self
