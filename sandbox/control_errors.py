"""Refusals of the control API: a tester's mistake, explained. These are not Razorpay's errors."""

from typing import Any

JsonObject = dict[str, Any]


class ControlError(Exception):
    """A control call that cannot be done; the text says why."""

    def __init__(self, description: str, field: str | None = None, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.error: JsonObject = {"code": "SANDBOX_CONTROL_ERROR", "description": description}
        if field is not None:
            self.error["field"] = field


def require_only(body: JsonObject, allowed: tuple[str, ...]) -> None:
    """Refuse fields that the control does not know: a misspelt one must not be silently ignored."""
    extra = [name for name in body if name not in allowed]
    if extra:
        raise ControlError(f"unknown field {', '.join(extra)}; allowed: {', '.join(allowed)}", extra[0])


def require_text(body: JsonObject, name: str) -> str:
    """Give a text field that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ControlError(f"{name} is required and must be a text", name)
    return value.strip()


def require_choice(body: JsonObject, name: str, allowed: tuple[str, ...]) -> str:
    """Give a text field that must be one of a few."""
    value = body.get(name)
    if value not in allowed:
        raise ControlError(f"{name} must be one of {', '.join(allowed)}: {value!r}", name)
    return str(value)


def boolean(body: JsonObject, name: str, default: bool) -> bool:
    """Give a field that is true or false."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise ControlError(f"{name} must be true or false: {value!r}", name)
    return value


def number(body: JsonObject, name: str, default: float, lowest: float, highest: float) -> float:
    """Give a number within bounds."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise ControlError(f"{name} must be a number from {lowest:g} to {highest:g}: {value!r}", name)
    return value
