"""Races that come out the same way every time: a competing change runs between a read and its write."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from mongoengine import Document


def before_saving(
    monkeypatch: pytest.MonkeyPatch, model: type[Document], compete: Callable[[], Any], times: int = 1
) -> None:
    """Run `compete` right before each of the next `times` writes of the model, when what is written has
    been read and decided. The writes of `compete` itself are left alone."""
    save = model.save
    left = times

    def save_too_late(document: Document, *args: Any, **options: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            with monkeypatch.context() as undisturbed:
                undisturbed.setattr(model, "save", save)
                compete()
        return save(document, *args, **options)

    monkeypatch.setattr(model, "save", save_too_late)


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
