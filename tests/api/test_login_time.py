"""How long a login takes says nothing about whether the account exists."""

import statistics
import time
import uuid
from collections.abc import Callable

from tests.support.client import Api, register
from tests.support.shapes import refused

CALLS = 15
# Without the hash an answer takes less than a fifth of the time, so a factor of two tells the two apart.
FACTOR_MAX = 2
PRODUCTION_COST = {"ARGON2_MEMORY_KIB": "19456", "ARGON2_PASSES": "2"}
UNDELAYED = {"LOGIN_FAILURES_FREE_PER_ACCOUNT": "100"}


def test_an_unknown_e_mail_takes_as_long_as_a_wrong_password(start_web: Callable[..., str]) -> None:
    web = start_web(**PRODUCTION_COST, **UNDELAYED)
    known = register(web).email
    api = Api(web)

    def seconds_of(email: str) -> float:
        started = time.perf_counter()
        answer = api.post("/api/user/login", {"email": email, "password": "not this one"})
        refused(answer, 401, "INVALID_CREDENTIALS")
        return time.perf_counter() - started

    pairs = [(seconds_of(known), seconds_of(f"{uuid.uuid4().hex}@example.com")) for _ in range(CALLS)]

    wrong, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert max(wrong, unknown) < FACTOR_MAX * min(wrong, unknown), f"wrong {wrong} s, unknown {unknown} s"
