"""Mailing links where it goes wrong: dying, repeating, waiting, and giving up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import password_changes, reset_mails, users, work
from gateway.domain.account_models import PasswordReset, User
from gateway.domain.context import Context
from gateway.domain.errors import InvalidToken
from gateway.domain.mailer import MailNotSent, NoMailer
from gateway.domain.passwords import Passwords
from gateway.domain.reset_mails import LINKS_MAX, request, send
from tests.support.domain import NOW, Clock, a_context, raw
from tests.support.guessing import fresh_email
from tests.support.mails import TOKEN
from tests.support.racing import together

pytestmark = pytest.mark.usefixtures("stack")

PASSWORDS = Passwords(memory_kib=64, passes=1)
NEW = "staple battery horse"


class Postbox:
    """Takes mails, or fails as often as it was told to, after it has taken the mail or before."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.texts: list[str] = []

    def send(self, to: str, subject: str, text: str) -> None:
        """Take a mail."""
        failure = self.failures.pop(0) if self.failures else None
        if failure != "not taken":
            self.texts.append(text)
        if failure == "crash":
            raise RuntimeError("the worker's own mistake")
        if failure:
            raise MailNotSent(failure)

    @property
    def tokens(self) -> list[str]:
        """Return the tokens of the links that went out."""
        return [token for text in self.texts for token in TOKEN.findall(text)]


def an_account() -> User:
    """Return a stored account."""
    return users.register(
        PASSWORDS, name="Asha", email=fresh_email(), password="correct horse", phone_number="1"
    )


def with_post(postbox: Any, clock: Clock) -> Context:
    """Return the surroundings of a worker that sends its mails there."""
    return replace(a_context(clock=clock), mailer=postbox, public_url="https://pay.example")


def try_again(context: Context, clock: Clock, wanted: PasswordReset) -> PasswordReset | None:
    """Let the time come at which the work is due again, and do it."""
    stored = PasswordReset.objects.get(id=wanted.id)
    clock.now = max(clock.now, stored.work.due_at)
    return send(context, wanted.id)


def test_a_mail_is_sent_once_however_often_the_task_comes() -> None:
    postbox, clock, user = Postbox(), Clock(), an_account()
    context = with_post(postbox, clock)
    wanted = request(context, f" {user.email.upper()} ")

    results = together(5, lambda _: send(context, wanted.id))

    assert sum(isinstance(result, PasswordReset) for result in results) == 1
    assert len(postbox.tokens) == 1
    stored = PasswordReset.objects.get(id=wanted.id)
    assert (stored.outcome, stored.work, stored.user_id) == ("sent", None, user.id)


def test_a_mail_that_was_not_taken_is_tried_again_with_growing_pauses() -> None:
    postbox, clock, user = Postbox("not taken", "not taken", "not taken"), Clock(), an_account()
    context = with_post(postbox, clock)
    wanted = request(context, user.email)

    pauses = []
    for _ in range(3):
        postponed = try_again(context, clock, wanted)
        assert postponed is not None
        assert postponed.work.last_error == "not taken"
        pauses.append((postponed.work.due_at - clock.now).total_seconds())
    done = try_again(context, clock, wanted)

    assert [
        0.75 * seconds <= pause <= 1.25 * seconds for pause, seconds in zip(pauses, (1, 2, 4), strict=True)
    ]
    assert done is not None
    assert (done.outcome, done.work, len(postbox.tokens)) == ("sent", None, 1)


@pytest.mark.parametrize("used", [0, 1])
def test_when_nobody_knows_whether_it_was_taken_there_are_two_mails_and_both_links_are_good(
    used: int,
) -> None:
    postbox, clock, user = Postbox("the answer was lost"), Clock(), an_account()
    context = with_post(postbox, clock)
    wanted = request(context, user.email)
    send(context, wanted.id)
    try_again(context, clock, wanted)

    password_changes.reset(context, PASSWORDS, token=postbox.tokens[used], new=NEW)

    assert len(set(postbox.tokens)) == 2
    with pytest.raises(InvalidToken):
        password_changes.reset(context, PASSWORDS, token=postbox.tokens[1 - used], new=NEW)
    assert users.authenticate(PASSWORDS, email=user.email, password=NEW).session_epoch == 1


def test_dying_after_sending_leaves_a_good_link_and_work_that_comes_due_again() -> None:
    postbox, clock, user = Postbox("crash"), Clock(), an_account()
    context = with_post(postbox, clock)
    wanted = request(context, user.email)

    with pytest.raises(RuntimeError):
        send(context, wanted.id)

    left = PasswordReset.objects.get(id=wanted.id)
    assert left.work.due_at == clock.now + timedelta(seconds=context.limits.claim_ttl_seconds)
    assert send(context, wanted.id) is None
    (token,) = postbox.tokens
    assert password_changes.reset(context, PASSWORDS, token=token, new=NEW).id == user.id


def test_only_so_many_links_of_one_request_are_kept() -> None:
    clock, user = Clock(), an_account()
    postbox = Postbox(*["the answer was lost"] * (LINKS_MAX + 1))
    context = with_post(postbox, clock)
    wanted = request(context, user.email)

    for _ in range(LINKS_MAX + 2):
        try_again(context, clock, wanted)

    stored = PasswordReset.objects.get(id=wanted.id)
    assert [link.sha256 for link in stored.links] == [
        reset_mails.digest(token) for token in postbox.tokens[-LINKS_MAX:]
    ]


def test_a_link_ends_with_its_time() -> None:
    postbox, clock, user = Postbox(), Clock(), an_account()
    context = with_post(postbox, clock)
    send(context, request(context, user.email).id)
    before = raw(user)

    clock.advance(context.limits.password_reset_ttl_seconds)

    with pytest.raises(InvalidToken):
        password_changes.reset(context, PASSWORDS, token=postbox.tokens[0], new=NEW)
    assert raw(user) == before
    clock.advance(-0.001)
    assert password_changes.reset(context, PASSWORDS, token=postbox.tokens[0], new=NEW).session_epoch == 1


def test_a_mail_that_waited_gives_its_link_the_whole_time() -> None:
    postbox, clock, user = Postbox("not taken"), Clock(), an_account()
    context = with_post(postbox, clock)
    wanted = request(context, user.email)
    send(context, wanted.id)
    clock.advance(20 * 3600)

    send(context, wanted.id)

    assert "until 1 January 2099, 21:00 UTC" in postbox.texts[0]
    clock.advance(3599)
    assert password_changes.reset(context, PASSWORDS, token=postbox.tokens[0], new=NEW).id == user.id


def test_after_a_day_the_request_is_dropped() -> None:
    postbox, clock, user = Postbox("not taken"), Clock(), an_account()
    context = with_post(postbox, clock)
    wanted = request(context, user.email)
    send(context, wanted.id)
    clock.advance(24 * 3600)

    dropped = send(context, wanted.id)

    assert dropped is not None
    assert (dropped.outcome, dropped.work, postbox.texts) == ("too_late", None, [])
    assert dropped.removed_at == NOW + timedelta(days=2)


def test_requests_of_an_hour_before_do_not_count_and_dropped_ones_neither() -> None:
    postbox, clock, user = Postbox(), Clock(), an_account()
    context = with_post(postbox, clock)
    outcomes = []
    for seconds in (0, 600, 600, 600, 600, 600, 599, 1, 600):
        clock.advance(seconds)
        done = send(context, request(context, user.email).id)
        assert done is not None
        outcomes.append(done.outcome)

    assert outcomes == ["sent"] * 5 + ["too_many"] * 2 + ["sent", "sent"]
    assert len(postbox.texts) == 7


def test_of_ten_at_the_same_moment_the_same_five_get_a_mail_whoever_is_first() -> None:
    postbox, user = Postbox(), an_account()
    context = with_post(postbox, Clock())
    wanted = [request(context, user.email) for _ in range(10)]

    together(10, lambda number: send(context, wanted[number].id))

    sent = {each.id for each in PasswordReset.objects(email=user.email, outcome="sent")}
    assert sent == set(sorted(each.id for each in wanted)[:5])
    assert len(postbox.texts) == 5


def test_a_service_without_a_mailer_keeps_the_request() -> None:
    clock, user = Clock(), an_account()
    context = with_post(NoMailer(), clock)
    wanted = request(context, user.email)

    postponed = send(context, wanted.id)

    assert postponed is not None
    assert (postponed.work.kind, postponed.work.last_error) == (
        work.SEND_RESET_MAIL,
        "this process has no mailer",
    )
