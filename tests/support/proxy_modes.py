"""What a proxy may do to the connections that go through it."""

from dataclasses import dataclass

from tests.support.mongodb_errors import ServerError


@dataclass(frozen=True)
class Pass:
    """Everything goes through."""


@dataclass(frozen=True)
class Refuse:
    """Nobody listens: open connections are reset, and new ones are refused."""


@dataclass(frozen=True)
class Stall:
    """Connections are taken, and not a byte moves in either direction; later all that was sent arrives."""


@dataclass(frozen=True)
class Reset:
    """What the client sends arrives, and where the answer should come the connection is reset."""


@dataclass(frozen=True)
class HalfClose:
    """What the client sends arrives; instead of the answer the server's side of the connection ends."""


@dataclass(frozen=True)
class CloseAfter:
    """Each connection ends in the middle of an answer, after so many bytes of it."""

    answer_bytes: int


@dataclass(frozen=True)
class Drip:
    """Answers come byte by byte, with a pause after each."""

    pause_seconds: float


@dataclass(frozen=True)
class Delay:
    """Each piece of an answer comes so much later."""

    seconds: float


@dataclass(frozen=True)
class RefuseWrites:
    """MongoDB answers every write with an error: instead of it, or, as when it is interrupted, after it."""

    error: ServerError
    has_effect: bool = False


Mode = Pass | Refuse | Stall | Reset | HalfClose | CloseAfter | Drip | Delay | RefuseWrites
