"""The kinds of calls to a provider, and what a call of each kind may take. Knows no HTTP."""

from dataclasses import dataclass
from typing import Literal, get_args

CallKind = Literal["look_up", "order", "capture", "refund"]
CALL_KINDS: tuple[CallKind, ...] = get_args(CallKind)


@dataclass(frozen=True, kw_only=True)
class CallLimits:
    """What one call may take, in seconds: to connect to one address, for each wait for more bytes, and
    altogether, from looking up the host's name to the last byte of the answer."""

    kind: CallKind
    connect_seconds: float
    read_seconds: float
    total_seconds: float


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """How a provider is called; each field comes from the setting of that name after PROVIDER_.

    read_timeout_seconds is that of look-ups; the other kinds have the same unless they have their own.
    deadline_seconds: of any call as a whole; None is its connect and read timeout together.
    """

    connect_timeout_seconds: float
    read_timeout_seconds: float
    order_timeout_seconds: float | None = None
    capture_timeout_seconds: float | None = None
    refund_timeout_seconds: float | None = None
    deadline_seconds: float | None = None
    circuit_failures: int = 5
    circuit_open_seconds: float = 5.0
    circuit_open_seconds_max: float = 30.0
    rate_limited_seconds: float = 2.0

    def limits(self, kind: CallKind) -> CallLimits:
        """Return what a call of this kind may take."""
        own = {
            "order": self.order_timeout_seconds,
            "capture": self.capture_timeout_seconds,
            "refund": self.refund_timeout_seconds,
        }
        read_seconds = own.get(kind) or self.read_timeout_seconds
        return CallLimits(
            kind=kind,
            connect_seconds=self.connect_timeout_seconds,
            read_seconds=read_seconds,
            total_seconds=self.deadline_seconds or self.connect_timeout_seconds + read_seconds,
        )
