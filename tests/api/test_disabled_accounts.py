"""A disabled account can do nothing, and no answer tells that it exists."""

import pytest

from gateway.domain import users
from gateway.domain.account_models import PasswordReset, User
from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, Person, log_in, open_order, snapshot
from tests.support.guessing import failures, guess
from tests.support.mails import mailed_token, mails_to
from tests.support.shapes import refused
from tests.support.waiting import wait_until

REFRESH, ME = "/api/user/refresh", "/api/user/me"
FORGOT, RESET = "/api/user/password/forgot", "/api/user/password/reset"


@pytest.fixture
def disabled(customer: Person) -> Person:
    """A customer who is logged in, and whose account is then disabled."""
    users.disable(customer.email)
    return customer


def test_login_is_refused_like_a_wrong_password(anonymous: Api, disabled: Person) -> None:
    right, wrong = (guess(anonymous, disabled.email, password) for password in (PASSWORD, "not this one"))

    refused(right, 401, "INVALID_CREDENTIALS")
    assert right.content == wrong.content
    assert failures("account", disabled.email) == 2


def test_no_token_is_good_any_more(anonymous: Api, disabled: Person) -> None:
    refused(disabled.api.get(ME), 401, "UNAUTHORIZED")
    refused(Api(anonymous.base_url, disabled.refresh_token).post(REFRESH), 401, "UNAUTHORIZED")
    refused(disabled.api.create_order(disabled.school_id), 401, "UNAUTHORIZED")


def test_payments_stay_as_they_are(customer: Person) -> None:
    _, payment_id = open_order(customer)
    before = snapshot(payment_id)

    users.disable(customer.email)

    refused(customer.api.refund(payment_id), 401, "UNAUTHORIZED")
    assert snapshot(payment_id) == before


def test_no_mail_is_sent(stack: Stack, anonymous: Api, disabled: Person) -> None:
    answer = anonymous.post(FORGOT, {"email": disabled.email})

    assert answer.status_code == 202
    outcome = wait_until(
        lambda: PasswordReset.objects.get(email=disabled.email).outcome, "the end of the request"
    )
    assert outcome == "no_account"
    assert mails_to(stack.directory, disabled.email) == []


@pytest.mark.parametrize("is_enabled_again", [False, True])
def test_a_link_that_was_mailed_before_is_over(
    stack: Stack, anonymous: Api, customer: Person, is_enabled_again: bool
) -> None:
    anonymous.post(FORGOT, {"email": customer.email})
    token = mailed_token(stack.directory, customer.email)
    users.disable(customer.email)
    for enable in [users.enable] * is_enabled_again:
        enable(customer.email)
    before = User._get_collection().find_one({"_id": customer.user_id})

    answer = anonymous.post(RESET, {"token": token, "newPassword": "somebody else's words"})

    refused(answer, 400, "INVALID_TOKEN")
    assert User._get_collection().find_one({"_id": customer.user_id}) == before


def test_an_account_that_is_enabled_again_logs_in_anew(anonymous: Api, disabled: Person) -> None:
    users.enable(disabled.email)

    refused(disabled.api.get(ME), 401, "UNAUTHORIZED")
    refused(Api(anonymous.base_url, disabled.refresh_token).post(REFRESH), 401, "UNAUTHORIZED")
    again = log_in(anonymous.base_url, disabled.email, PASSWORD)
    assert again.user_id == disabled.user_id
    assert again.api.get(ME).status_code == 200
