"""What the terminal shows of the processes' logs."""

import pytest

from dev import log_lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"level": "info", "event": "order.created"}', None),
        (
            '{"level": "warning", "event": "claim.lost", "payment_id": "p1"}',
            "WARNING claim.lost payment_id=p1",
        ),
        (
            '{"level": "error", "event": "x", "exception": "Traceback\\n  f\\nKeyError: 1"}',
            "ERROR x KeyError: 1",
        ),
        ("[2026-11-22 03:20:11 +0000] [1] [INFO] Starting gunicorn", None),
        (
            "[2026-11-22 03:20:11 +0000] [1] [ERROR] Worker failed",
            "[2026-11-22 03:20:11 +0000] [1] [ERROR] Worker failed",
        ),
        ("configuration: PORT: wrong", "configuration: PORT: wrong"),
        ("pymongo.errors.InvalidURI: bad", "pymongo.errors.InvalidURI: bad"),
        ("    . logfile -> [stderr]@%WARNING", None),
        ('"just text"', None),
        ("", None),
    ],
)
def test_only_problems_are_shown(line, expected):
    assert log_lines.shown(line, verbose=False) == expected


def test_everything_is_shown_when_asked_for():
    assert log_lines.shown("anything", verbose=True) == "anything"
