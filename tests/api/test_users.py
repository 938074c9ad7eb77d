"""Accounts: registering, logging in, staying logged in."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from gateway.domain.account_models import RevokedToken, User
from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, Person, log_in
from tests.support.shapes import refused

REGISTER, LOGIN, REFRESH = "/api/user/register", "/api/user/login", "/api/user/refresh"
LOGOUT, ME = "/api/user/logout", "/api/user/me"


def account(email: str) -> dict[str, str]:
    """A registration that is accepted."""
    return {"name": "Asha Rao", "email": email, "password": PASSWORD, "phoneNumber": "+919000000001"}


def fresh_email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def test_a_new_account_is_a_customer_of_no_school(anonymous: Api) -> None:
    email = fresh_email()

    answer = anonymous.post(REGISTER, account(email))

    assert answer.status_code == 201
    user = answer.json()["data"]["user"]
    assert answer.json() == {"success": True, "data": {"user": user}, "message": "User Registered"}
    assert {name: user[name] for name in ("name", "email", "phoneNumber", "role", "schoolIds")} == {
        "name": "Asha Rao",
        "email": email,
        "phoneNumber": "+919000000001",
        "role": "customer",
        "schoolIds": [],
    }
    assert user["createdAt"].endswith("Z")
    assert User.objects(id=user["id"]).count() == 1


@pytest.mark.parametrize(
    "granted", [{"role": "admin"}, {"schoolIds": []}, {"id": "1"}, {"password_hash": ""}]
)
def test_nobody_grants_themselves_anything_when_registering(
    anonymous: Api, granted: dict[str, object]
) -> None:
    email = fresh_email()

    answer = anonymous.post(REGISTER, account(email) | granted)

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == list(granted)
    assert User.objects(email=email).count() == 0


def test_login_answers_the_tokens_and_who_one_is(anonymous: Api, customer: Person) -> None:
    answer = anonymous.post(LOGIN, {"email": customer.email, "password": PASSWORD})

    assert answer.status_code == 200
    body = answer.json()
    assert body["message"] == "User logged in successfully"
    assert body["userName"] == "Asha Rao"
    assert body["data"]["token"] == body["token"]
    assert body["data"]["refreshToken"] == body["refreshToken"]
    me = Api(anonymous.base_url, body["token"]).get(ME)
    assert me.status_code == 200
    assert me.json()["data"]["user"] == body["data"]["user"]
    assert me.json()["data"]["user"]["email"] == customer.email


def test_an_e_mail_is_the_same_in_capitals(anonymous: Api) -> None:
    email = fresh_email()
    anonymous.post(REGISTER, account(email))

    again = anonymous.post(REGISTER, account(email.upper()))

    assert list(refused(again, 409, "EMAIL_ALREADY_REGISTERED")) == ["email"]
    assert User.objects(email__in=[email, email.upper(), email.title()]).count() == 1
    assert anonymous.post(LOGIN, {"email": email.upper(), "password": PASSWORD}).status_code == 200


def test_of_ten_who_register_one_e_mail_at_once_one_gets_it(stack: Stack) -> None:
    email = fresh_email()
    spellings = [email, email.upper(), email.title(), email.swapcase(), f"{email[0].upper()}{email[1:]}"] * 2

    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda spelling: Api(stack.api_url).post(REGISTER, account(spelling)), spellings)
        )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert User.objects(email__in=[email, email.upper(), email.title()]).count() == 1


def _without_request_id(answer: requests.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Date")}
    return answer.status_code, answer.content, headers


def test_a_wrong_password_and_an_unknown_e_mail_are_answered_alike(anonymous: Api, customer: Person) -> None:
    wrong = anonymous.post(LOGIN, {"email": customer.email, "password": "not this one"})
    unknown = anonymous.post(LOGIN, {"email": fresh_email(), "password": "not this one"})

    refused(wrong, 401, "INVALID_CREDENTIALS")
    assert _without_request_id(wrong) == _without_request_id(unknown)


def test_no_answer_holds_a_password_or_its_hash(anonymous: Api) -> None:
    email = fresh_email()

    registered = anonymous.post(REGISTER, account(email))
    taken = anonymous.post(REGISTER, account(email))
    unnamed = anonymous.post(REGISTER, account(fresh_email()) | {"name": ""})
    session = anonymous.post(LOGIN, {"email": email, "password": PASSWORD})
    wrong = anonymous.post(LOGIN, {"email": email, "password": f"{PASSWORD}!"})
    me = Api(anonymous.base_url, session.json()["token"]).get(ME)
    refreshed = Api(anonymous.base_url, session.json()["refreshToken"]).post(REFRESH)

    told = "".join(a.text for a in (registered, taken, unnamed, session, wrong, me, refreshed))
    assert User.objects.get(email=email).password_hash.startswith("$argon2id$")
    assert PASSWORD not in told
    assert "argon2" not in told.lower()
    assert "hash" not in told.lower()


def test_a_refresh_token_gets_one_new_pair(customer: Person) -> None:
    holder = Api(customer.api.base_url, customer.refresh_token)

    first = holder.post(REFRESH)
    second = holder.post(REFRESH)

    assert first.status_code == 200
    body = first.json()
    assert body["data"]["user"]["id"] == customer.user_id
    assert Api(holder.base_url, body["token"]).get(ME).status_code == 200
    refused(second, 401, "UNAUTHORIZED")
    assert Api(holder.base_url, body["refreshToken"]).post(REFRESH).status_code == 200


def test_of_ten_who_use_one_refresh_token_at_once_one_succeeds(stack: Stack, customer: Person) -> None:
    def refresh(_: int) -> int:
        return Api(stack.api_url, customer.refresh_token).post(REFRESH).status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(refresh, range(10)))

    assert statuses == [200] + [401] * 9


def test_an_access_token_does_not_refresh(customer: Person) -> None:
    revoked = RevokedToken.objects.count()

    refused(customer.api.post(REFRESH), 401, "UNAUTHORIZED")

    assert RevokedToken.objects.count() == revoked
    assert customer.api.get(ME).status_code == 200


def test_a_refresh_token_gives_no_access(customer: Person) -> None:
    holder = Api(customer.api.base_url, customer.refresh_token)

    refused(holder.get(ME), 401, "UNAUTHORIZED")
    refused(holder.create_order(customer.school_id), 401, "UNAUTHORIZED")
    refused(holder.post(LOGOUT), 401, "UNAUTHORIZED")

    assert customer.api.get(ME).status_code == 200


def test_a_second_device_logs_in_and_stays_logged_in(customer: Person) -> None:
    second = log_in(customer.api.base_url, customer.email, PASSWORD)

    customer.api.post(LOGOUT)

    assert second.api.get(ME).status_code == 200
    assert Api(second.api.base_url, second.refresh_token).post(REFRESH).status_code == 200
    assert log_in(customer.api.base_url, customer.email, PASSWORD).api.get(ME).status_code == 200
