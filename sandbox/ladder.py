"""When a failed webhook is tried again: the gaps that were measured at Razorpay, in seconds."""

RETRY_SECONDS_MAX = 86400
_FIRST_GAP_SECONDS = 0.23
# These events wait longer for their first retry (6 to 9 s were measured).
_SLOW_FIRST_GAP_SECONDS = 7.0
_SLOW_EVENTS = ("payment.failed", "refund.")
_LATER_GAPS_SECONDS = (6, 13, 20, 43, 82, 162, 324, 643, 1283, 2563, 5127, 10241, 20481, 40964)
ATTEMPTS_MAX = 2 + len(_LATER_GAPS_SECONDS)


def gap_seconds(event: str, failed_attempts: int) -> float | None:
    """Give the wait after so many failed attempts (1 or more), or None when that was the last attempt."""
    if failed_attempts >= ATTEMPTS_MAX:
        return None
    if failed_attempts == 1:
        return _SLOW_FIRST_GAP_SECONDS if event.startswith(_SLOW_EVENTS) else _FIRST_GAP_SECONDS
    return _LATER_GAPS_SECONDS[failed_attempts - 2]
