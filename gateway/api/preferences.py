"""The `Prefer` header (RFC 7240): how long a client wants its answer to wait for the work behind it."""

import re

from flask import request

from gateway.api.services import services

WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,18})\"?\s*(?=$|[,;])", re.IGNORECASE)


def wait_seconds() -> int | None:
    """Return the wait that the client prefers, but no more than PROCESS_WAIT_SECONDS_MAX; None without one.
    A preference that cannot be read is ignored, as the RFC has it."""
    found = WAIT.search(",".join(request.headers.getlist("Prefer")))
    if found is None:
        return None
    return min(int(found[1]), services().settings.process_wait_seconds_max)
