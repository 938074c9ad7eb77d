"""Login sessions: which are good, and how one, or all of an account's, end. Does not know what a token
looks like, only which session and which epoch it names."""

from datetime import datetime

from mongoengine.errors import NotUniqueError

from gateway.domain.account_models import RevokedToken, User
from gateway.domain.context import utc_now


def account_of(user_id: str, *, session_id: str, epoch: int) -> User | None:
    """Return the account of a token, or None when it has none that is open, or when all sessions of its
    epoch were ended; but the session that is kept goes on. epoch: the account's when the token was made."""
    user = User.objects(id=user_id).first()
    if user is None or user.disabled_at is not None:
        return None
    if epoch != user.session_epoch and session_id != user.kept_session_id:
        return None
    return user


def end_all_sessions(user: User, kept_session_id: str | None = None) -> None:
    """Refuse every token and every password mail that the account has, but for those of the session that is
    kept. Only alters the copy in memory."""
    user.session_epoch += 1
    user.kept_session_id = kept_session_id


def revoke(token_or_session_id: str, expires_at: datetime) -> bool:
    """Refuse a token or a login session from now on. Writes one document; returns False when it had been
    refused before. expires_at: when it would have ended by itself, after which the entry may go."""
    try:
        RevokedToken(id=token_or_session_id, revoked_at=utc_now(), expires_at=expires_at).save(
            force_insert=True
        )
    except NotUniqueError:
        return False
    return True


def revoked_at(*ids: str) -> datetime | None:
    """Return when any of these tokens or sessions was revoked, or None. Reads MongoDB, never a cache."""
    revoked = RevokedToken.objects(id__in=ids).first()
    return revoked.revoked_at if revoked else None
