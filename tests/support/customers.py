"""Customers who go on paying whatever breaks, and what they are told."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import requests

from tests.support.client import Api, Person, open_order, paid_order
from tests.support.own import OwnStack

# Heroku's router gives up on an answer after so long (H12).
ANSWER_SECONDS_MAX = 30.0
# How long somebody looks at one answer before they go on: customers who never think would only make more of
# the same.
THINKING_SECONDS = 0.6
# What an honest service says while something is broken: done, recorded, or "try again".
HONEST = frozenset({200, 201, 202, 502, 503})


@dataclass(frozen=True)
class Answer:
    """One answer, as a client saw it."""

    what: str
    status: int
    seconds: float
    text: str
    retry_after: str | None

    @property
    def is_honest(self) -> bool:
        """Return whether it says what is true and when to come again, in time."""
        comes_again = self.status in (200, 201) or bool(self.retry_after)
        return self.status in HONEST and comes_again and self.seconds < ANSWER_SECONDS_MAX


@dataclass(frozen=True)
class Prepared:
    """What is there before anything breaks: a checkout to verify, and the id of a payment to refund."""

    checkout: dict[str, str]
    refundable: str


@dataclass(frozen=True)
class Customers:
    """Clients of one web process of a stack."""

    own: OwnStack
    api_url: str

    def api_of(self, person: Person) -> Api:
        """Return a person's client of the web process behind the proxies."""
        return Api(self.api_url, person.api.token)

    def visit(self, person: Person) -> list[Answer]:
        """Buy something as far as it goes: order, pay, verify, and ask for a part of it back."""
        api, sandbox = self.api_of(person), self.own.sandbox
        with contextlib.closing(api.http):
            ordered = api.create_order(person.school_id, 500)
            answers = [seen("order", ordered)]
            if ordered.status_code != 201:
                return answers
            checkout = sandbox.pay(ordered.json()["data"]["order"]["id"], capture=False)
            verified = api.verify(checkout)
            answers.append(seen("verify", verified))
            if verified.status_code != 200:
                return answers
            refunded = api.refund(verified.json()["data"]["payment"]["id"], 200)
            return [*answers, seen("refund", refunded)]

    def prepared(self, person: Person) -> Prepared:
        """Return a payment to verify and one to refund, with nothing broken yet."""
        order_id, _ = open_order(person)
        refundable = paid_order(person, self.own.sandbox)
        self.own.settled(refundable.payment_id, "PAID", receipts=1)
        return Prepared(self.own.sandbox.pay(order_id, capture=False), refundable.payment_id)

    def all_at_once(self, person: Person, prepared: Prepared) -> list[Answer]:
        """Create an order, verify a payment and ask for a refund at the same moment."""
        calls: dict[str, Callable[[Api], requests.Response]] = {
            "order": lambda api: api.create_order(person.school_id, 500),
            "verify": lambda api: api.verify(prepared.checkout),
            "refund": lambda api: api.refund(prepared.refundable, 200),
        }

        def call(what: str) -> Answer:
            with contextlib.closing((api := self.api_of(person)).http):
                return seen(what, calls[what](api))

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(call, calls))

    @contextlib.contextmanager
    def busy(self, people: list[Person]) -> Iterator["Future[list[Answer]]"]:
        """Let people visit again and again, each after their last visit, while the block runs. The future
        holds all answers afterwards."""
        over = Event()
        told: Future[list[Answer]] = Future()

        def go_on(person: Person) -> list[Answer]:
            answers = []
            while not over.wait(THINKING_SECONDS):
                answers += self.visit(person)
            return answers

        with ThreadPoolExecutor(len(people)) as threads:
            visiting = [threads.submit(go_on, person) for person in people]
            try:
                yield told
            finally:
                over.set()
            told.set_result([answer for each in visiting for answer in each.result()])

    def works(self, person: Person) -> bool:
        """Say whether an order can be created."""
        with contextlib.closing((api := self.api_of(person)).http):
            return api.create_order(person.school_id).status_code == 201


def seen(what: str, answer: requests.Response) -> Answer:
    seconds = answer.elapsed.total_seconds()
    return Answer(what, answer.status_code, seconds, answer.text[:200], answer.headers.get("Retry-After"))


def dishonest(answers: list[Answer]) -> list[Answer]:
    """Return the answers that should not have been given."""
    return [answer for answer in answers if not answer.is_honest]
