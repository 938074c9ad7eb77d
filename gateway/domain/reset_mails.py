"""Mails to people who forgot their password: asked for by anybody, sent to the account's owner only.

Asking writes the same document for every e-mail address, so that the answer tells nobody who has an account;
a worker sends the mail later, or drops the request.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from mongoengine import Q

from gateway.domain import work
from gateway.domain.account_models import PasswordReset, ResetLink, User
from gateway.domain.context import Context
from gateway.domain.mailer import MailNotSent
from gateway.domain.models import Work
from gateway.domain.store import change
from gateway.domain.users import normalise_email
from gateway.domain.work import Claim

TOKEN_BYTES = 32
# A request holds the links of its last tries to send the mail; an older one has hardly arrived anywhere.
LINKS_MAX = 5
# Nobody waits longer for a mail; the request is dropped, with a line in the log.
GIVEN_UP_AFTER = timedelta(days=1)
# The last link may be mailed just before that, and lives for a day at the longest.
REMOVED_AFTER = timedelta(days=2)

SENT, NO_ACCOUNT, TOO_MANY, TOO_LATE = "sent", "no_account", "too_many", "too_late"
TEXT = """\
Hello,

somebody, probably you, asked {service} for a new password
for the account {email}. To choose one, open this link:

{link}

The link works once, until {until} UTC.

If you did not ask for it, you need not do anything: your password stays
as it is, and without this link nobody can change it. So please do not
pass it on.

{service}
{public_url}
"""

log = structlog.get_logger(__name__)


def request(context: Context, email: str) -> PasswordReset:
    """Record that a link is wanted for an e-mail address, with the work of mailing it. Writes one document,
    whether or not there is such an account; asking again asks for another mail."""
    now = context.now()
    wanted = PasswordReset(
        email=normalise_email(email),
        requested_at=now,
        removed_at=now + REMOVED_AFTER,
        work=Work(kind=work.SEND_RESET_MAIL, due_at=now),
    )
    return wanted.save(force_insert=True)


def send(context: Context, reset_id: str) -> PasswordReset | None:
    """Mail the link, or drop the request when nobody is to have one. Writes the link's digest before the mail
    is sent, so that no link is out that does not work; dying after that means a second mail, whose link is
    good as well as the first one's.

    Claims the request's work; returns None when there was nothing to claim.
    """
    claim = work.claim(context, PasswordReset, reset_id, work.SEND_RESET_MAIL)
    if claim is None:
        return None
    user = User.objects(email=claim.document.email).first()
    dropped = _why_not(context, claim, user)
    if dropped or user is None:
        return _finish(claim, dropped or NO_ACCOUNT)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ends_at = context.now() + timedelta(seconds=context.limits.password_reset_ttl_seconds)
    if not _keep_link(
        claim, user, ResetLink(sha256=digest(token), expires_at=ends_at, session_epoch=user.session_epoch)
    ):
        log.warning("reset_mail.claim_lost", reset_id=reset_id)
        return None
    try:
        context.mailer.send(
            user.email, f"{_service(context)}: your new password", _text(context, user, token, ends_at)
        )
    except MailNotSent as error:
        log.warning("reset_mail.not_sent", reset_id=reset_id, attempts=claim.attempts, error=str(error))
        return _postpone(context, claim, str(error))
    return _finish(claim, SENT)


def digest(token: str) -> str:
    """Return what is stored of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _why_not(context: Context, claim: Claim[PasswordReset], user: User | None) -> str | None:
    """Return why no mail is sent, or None."""
    wanted = claim.document
    if user is None or user.disabled_at is not None:
        return NO_ACCOUNT
    if context.now() - wanted.requested_at >= GIVEN_UP_AFTER:
        return TOO_LATE
    # Only requests before this one count, so that of many at once exactly the first few get their mail,
    # whichever worker takes which.
    before = Q(requested_at__lt=wanted.requested_at) | Q(requested_at=wanted.requested_at, id__lt=wanted.id)
    of_this_hour = PasswordReset.objects(
        Q(
            email=wanted.email,
            requested_at__gt=wanted.requested_at - timedelta(hours=1),
            outcome__nin=[NO_ACCOUNT, TOO_MANY, TOO_LATE],
        )
        & before
        # A link that was used has begun another epoch, and only its owner can have used it: what was asked
        # for before is not held against them.
        & (Q(links__0__exists=False) | Q(links__session_epoch=user.session_epoch))
    )
    mails_max = context.limits.password_reset_mails_per_hour_max
    return TOO_MANY if of_this_hour.limit(mails_max).count(with_limit_and_skip=True) >= mails_max else None


def _keep_link(claim: Claim[PasswordReset], user: User, link: ResetLink) -> bool:
    def keep(wanted: PasswordReset) -> bool:
        if not work.holds(wanted, claim):
            return False
        wanted.user_id = user.id
        wanted.links = [*wanted.links, link][-LINKS_MAX:]
        return True

    return change(PasswordReset, claim.document.id, keep, claim.document).written


def _text(context: Context, user: User, token: str, ends_at: datetime) -> str:
    # Not the account's name: anybody can register another person's address under a name of their making.
    return TEXT.format(
        service=_service(context),
        email=user.email,
        link=f"{context.public_url}/password/reset?token={token}",
        until=f"{ends_at.day} {ends_at:%B %Y, %H:%M}",
        public_url=context.public_url,
    )


def _service(context: Context) -> str:
    return context.issuer.name or "Payment Service"


def _postpone(context: Context, claim: Claim[PasswordReset], error: str) -> PasswordReset:
    def decide(wanted: PasswordReset) -> bool:
        if not work.holds(wanted, claim):
            return False
        work.postpone(wanted, claim, error, context)
        return True

    return change(PasswordReset, claim.document.id, decide, claim.document).document


def _finish(claim: Claim[PasswordReset], outcome: str) -> PasswordReset:
    def decide(wanted: PasswordReset) -> bool:
        if not work.holds(wanted, claim):
            return False
        wanted.outcome = outcome
        work.release(wanted, claim)
        return True

    (log.warning if outcome == TOO_LATE else log.info)(
        "reset_mail.done", reset_id=claim.document.id, outcome=outcome
    )
    return change(PasswordReset, claim.document.id, decide, claim.document).document
