"""What several files share: one of everything that a route can name, and a client whose calls must leave
nothing behind."""

from collections.abc import Iterator

import pytest

from gateway.domain.account_models import RevokedToken, User
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.bodies import SCHOOL_ID
from tests.support.client import Api, Person, Sandbox, register
from tests.support.named import Named, named_by


@pytest.fixture(scope="module")
def refused_person(stack: Stack) -> Person:
    """A customer all of whose requests are refused."""
    return register(stack.api_url)


@pytest.fixture
def sender(refused_person: Person, sandbox: Sandbox) -> Iterator[Api]:
    """A client whose calls must leave nothing behind, in the database or at the provider."""
    before = (User.objects.count(), RevokedToken.objects.count())
    yield refused_person.api
    assert Payment.objects(user_id=refused_person.user_id).count() == 0
    assert (User.objects.count(), RevokedToken.objects.count()) == before
    newest = sandbox.api("GET", "/orders", params={"count": 10}).json()["items"]
    assert [order for order in newest if (order["notes"] or {}).get("schoolId") == SCHOOL_ID] == []


@pytest.fixture
def named(customer: Person, sandbox: Sandbox) -> Named:
    """One of everything that a route can name, of the customer."""
    return named_by(customer, sandbox)
