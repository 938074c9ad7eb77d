"""JSON as this API reads and writes it: numbers are exact, `NaN` does not exist, text is storable."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import simplejson
from flask.json.provider import JSONProvider

JSON_DEPTH_MAX = 20


class InvalidJson(ValueError):
    """The text is not JSON that this API accepts; the message says why, for the client."""


def loads(text: str | bytes) -> Any:
    """Parse JSON with decimals instead of floats. Raises InvalidJson, also for NaN, Infinity, numbers of
    absurd length, deep nesting, a field that is given twice, and half a surrogate pair, which no UTF-8 can
    hold."""
    try:
        # Left to itself, the parser would also take UTF-16 and UTF-32.
        value = json.loads(
            text.decode() if isinstance(text, bytes) else text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_each_field_once,
        )
        _check(value, 0)
    except RecursionError as error:
        raise InvalidJson("is nested too deeply") from error
    except UnicodeError as error:
        raise InvalidJson("is not valid UTF-8") from error
    except InvalidJson:
        raise
    except json.JSONDecodeError as error:
        raise InvalidJson(
            f"is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except (ValueError, InvalidOperation) as error:
        raise InvalidJson("holds a number that is too long") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(f"holds {name}, which is not a number in JSON")


def _each_field_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise InvalidJson("gives a field twice")
    return value


def _check(value: Any, depth: int) -> None:
    if depth > JSON_DEPTH_MAX:
        raise InvalidJson("is nested too deeply")
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        for key, item in value.items():
            key.encode("utf-8")
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


class ExactJSONProvider(JSONProvider):
    """Flask's JSON, with Decimal written as a number of exactly its digits."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return compact JSON text."""
        return simplejson.dumps(obj, use_decimal=True, ensure_ascii=False, separators=(",", ":"), **kwargs)

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Parse JSON text with `loads` of this module."""
        return loads(s)
