"""Payments as they lie in the database at some moment, to be looked at by a customer."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.context import utc_now
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.domain import a_payment
from tests.support.pages import Browser

KeepPayment = Callable[..., Payment]


@pytest.fixture
def browser() -> Browser:
    """A customer's browser."""
    return Browser()


@pytest.fixture
def keep(stack: Stack) -> KeepPayment:
    """A function that stores a payment with a page, in which no worker finds anything to do."""

    def keep(**fields: Any) -> Payment:
        now = utc_now()
        given = {"created_at": now, "updated_at": now, "page_token": secrets.token_urlsafe(24)} | fields
        return a_payment(**given).save(force_insert=True)

    return keep


@pytest.fixture
def page_of(stack: Stack) -> Callable[[Payment], str]:
    """A function that returns the address of a payment's page, or of what is below it."""

    def page_of(payment: Payment, below: str = "") -> str:
        return f"{stack.api_url}/pay/{payment.id}{below}?token={payment.page_token}"

    return page_of
