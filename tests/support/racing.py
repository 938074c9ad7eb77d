"""Races that come out the same way every time: a competing change runs between a read and its write."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from mongoengine import Document

from gateway.domain import kill_points


def before_saving(
    monkeypatch: pytest.MonkeyPatch, model: type[Document], compete: Callable[[], Any], times: int = 1
) -> None:
    """Run `compete` right before each of the next `times` writes of the model, when what is written has
    been read and decided. The writes of `compete` itself are left alone."""
    validate = model.validate
    left = times

    def validate_too_late(document: Document, *args: Any, **options: Any) -> Any:
        # The last thing before a document is written, be it for the first time or changed.
        nonlocal left
        if left:
            left -= 1
            with monkeypatch.context() as undisturbed:
                undisturbed.setattr(model, "validate", validate)
                compete()
        return validate(document, *args, **options)

    monkeypatch.setattr(model, "validate", validate_too_late)


@contextlib.contextmanager
def at_point(point: str, compete: Callable[[], Any], times: int = 1) -> Iterator[None]:
    """Run `compete` when this process reaches a named point (see gateway.domain.kill_points), such as right
    after a provider call has had its effect and before anything of it is written. The points that `compete`
    itself reaches are left alone. Fails when the point was not reached `times` times."""
    left = times

    def hook(reached: str) -> None:
        nonlocal left
        if reached == point and left:
            left -= 1
            kill_points.install(None)
            compete()
            kill_points.install(hook)

    kill_points.install(hook)
    try:
        yield
    finally:
        kill_points.install(None)
    assert left == 0, f"{point} was not reached"


def together(count: int, action: Callable[[int], Any]) -> list[Any]:
    """Call `action` with 0, 1, … from as many threads at the same moment; returns results and exceptions,
    in order."""
    barrier = Barrier(count)

    def run(number: int) -> Any:
        barrier.wait(10)
        try:
            return action(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))
