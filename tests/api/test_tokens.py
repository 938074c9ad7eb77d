"""Which tokens are refused, and that logging out is for good."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import redis

from gateway.domain import users
from gateway.domain.account_models import User
from tests.conftest import Stack
from tests.support.client import Api, Person, open_order, snapshot
from tests.support.shapes import refused
from tests.support.tokens import with_claims

REFRESH, LOGOUT, ME = "/api/user/refresh", "/api/user/logout", "/api/user/me"

Forge = Callable[[str, str], str]


def _segment(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _with(key: str | None = None, **changes: Any) -> Forge:
    """Return a forger that signs the token's claims anew, with these changes; None takes a claim away."""

    return lambda token, secret: with_claims(token, key or secret, **changes)


def _with_header(text: str) -> Forge:
    return lambda token, _secret: ".".join([_segment(text), *token.split(".")[1:]])


def _unsigned(token: str, _secret: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return f"{_segment(json.dumps({'alg': 'none', 'typ': 'JWT'}))}.{_segment(json.dumps(claims))}."


def _with_hs512(token: str, secret: str) -> str:
    signed = f"{_segment(json.dumps({'alg': 'HS512', 'typ': 'JWT'}))}.{token.split('.')[1]}"
    digest = hmac.digest(secret.encode(), signed.encode(), hashlib.sha512)
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _for_another_account(token: str, _secret: str) -> str:
    header, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": "somebody-else"}
    return f"{header}.{_segment(json.dumps(claims))}.{signature}"


FORGERIES: dict[str, Forge] = {
    "changed claims": _for_another_account,
    "changed signature": lambda token, _: f"{token[:-10]}AAAAAAAAAA",
    "no signature": lambda token, _: token.rpartition(".")[0] + ".",
    "alg none": _unsigned,
    "another key": _with(key="another key, which is also long enough for it"),
    "another algorithm": _with_hs512,
    "expired": _with(exp=int(time.time()) - 1),
    "not yet valid": _with(nbf=int(time.time()) + 600),
    "another audience": _with(aud="another-service"),
    "no audience": _with(aud=None),
    "another issuer": _with(iss="another-service"),
    "no issuer": _with(iss=None),
    "no session": _with(sid=None),
    "no account": _with(sub=None),
    "an operator as account": _with(sub={"$gt": ""}),
    "header without algorithm": _with_header("{}"),
    "header that is no object": _with_header("[]"),
    "header with a list as algorithm": _with_header('{"alg": ["HS256"]}'),
    "header with a huge number": _with_header('{"alg": ' + "1" * 5000 + "}"),
    "header nested deeply": _with_header("[" * 5000),
    "three dots": lambda *_: "...",
    "one word": lambda *_: "garbage",
    "two words": lambda token, _: f"{token} {token}",
    "empty": lambda *_: "",
    "not ASCII": lambda *_: "\xe9\xff",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_is_refused(stack: Stack, customer: Person, forge: Forge) -> None:
    _, payment_id = open_order(customer)
    before = snapshot(payment_id)
    forged = forge(str(customer.api.token), stack.environ["JWT_SECRET_KEY"])
    headers = {"Authorization": f"Bearer {forged}"}

    me = Api(stack.api_url).get(ME, headers=headers)
    refund = Api(stack.api_url).post("/api/v1/payments/refunds", {"paymentId": payment_id}, headers=headers)

    refused(me, 401, "UNAUTHORIZED")
    refused(refund, 401, "UNAUTHORIZED")
    assert me.headers["WWW-Authenticate"] == "Bearer"
    assert snapshot(payment_id) == before


def test_what_the_forgers_make_is_accepted_when_nothing_is_changed(stack: Stack, customer: Person) -> None:
    token = _with()(str(customer.api.token), stack.environ["JWT_SECRET_KEY"])

    assert Api(stack.api_url, token).get(ME).status_code == 200


def test_a_token_of_the_first_release_is_accepted_until_all_sessions_are_ended(
    stack: Stack, customer: Person
) -> None:
    old = Api(stack.api_url, _with(epoch=None)(str(customer.api.token), stack.environ["JWT_SECRET_KEY"]))
    before = old.get(ME).status_code

    users.disable(customer.email)
    users.enable(customer.email)

    assert before == 200
    refused(old.get(ME), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("epoch", [1, -1, "0", None, {"$gt": 0}, True])
def test_a_token_of_another_epoch_is_refused(stack: Stack, customer: Person, epoch: object) -> None:
    User.objects(id=customer.user_id).update_one(set__session_epoch=2)

    token = _with(epoch=epoch)(str(customer.api.token), stack.environ["JWT_SECRET_KEY"])

    refused(Api(stack.api_url, token).get(ME), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("prefix", ["", "Basic ", "Token ", "Bearer", "Bearer: ", "bearer,"])
def test_a_token_without_the_word_bearer_is_refused(customer: Person, prefix: str) -> None:
    answer = Api(customer.api.base_url).get(ME, headers={"Authorization": f"{prefix}{customer.api.token}"})

    refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_read_from_the_header_only(customer: Person) -> None:
    token = str(customer.api.token)
    anonymous = Api(customer.api.base_url)

    refused(anonymous.get(ME, params={"jwt": token}), 401, "UNAUTHORIZED")
    refused(anonymous.get(ME, cookies={"access_token_cookie": token}), 401, "UNAUTHORIZED")


def test_a_token_of_a_deleted_account_is_refused(customer: Person) -> None:
    User.objects(id=customer.user_id).delete()

    refused(customer.api.get(ME), 401, "UNAUTHORIZED")
    refused(customer.api.create_order(customer.school_id), 401, "UNAUTHORIZED")
    refused(Api(customer.api.base_url, customer.refresh_token).post(REFRESH), 401, "UNAUTHORIZED")


def test_logging_out_ends_both_tokens_also_after_redis_was_flushed(stack: Stack, customer: Person) -> None:
    _, payment_id = open_order(customer)
    before = snapshot(payment_id)

    answer = customer.api.post(LOGOUT)
    redis.Redis.from_url(stack.redis_url).flushall()

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "User logged out successfully"}
    refused(customer.api.get(ME), 401, "UNAUTHORIZED")
    refused(customer.api.refund(payment_id), 401, "UNAUTHORIZED")
    refused(Api(stack.api_url, customer.refresh_token).post(REFRESH), 401, "UNAUTHORIZED")
    assert snapshot(payment_id) == before


def test_logging_out_also_ends_the_tokens_that_were_refreshed(customer: Person) -> None:
    pair = Api(customer.api.base_url, customer.refresh_token).post(REFRESH).json()

    Api(customer.api.base_url, pair["token"]).post(LOGOUT)

    refused(customer.api.get(ME), 401, "UNAUTHORIZED")
    refused(Api(customer.api.base_url, pair["refreshToken"]).post(REFRESH), 401, "UNAUTHORIZED")


def test_logging_out_twice_is_harmless(stack: Stack, customer: Person) -> None:
    web = [(process.pid, process.create_time()) for process in stack.processes("gunicorn")]
    customer.api.post(LOGOUT)

    again = customer.api.post(LOGOUT)

    refused(again, 401, "UNAUTHORIZED")
    assert Api(stack.api_url).get("/healthz").status_code == 200
    assert [(process.pid, process.create_time()) for process in stack.processes("gunicorn")] == web
