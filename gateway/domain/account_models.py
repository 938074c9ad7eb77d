"""Accounts, sessions, password mails and API keys, as they lie in MongoDB. Knows nothing about who may do
what."""

from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    StringField,
)

from gateway.domain.ids import new_id
from gateway.domain.models import Work

CUSTOMER = "customer"
SCHOOL_STAFF = "school_staff"
ADMIN = "admin"
ROLES = (CUSTOMER, SCHOOL_STAFF, ADMIN)


class User(Document):
    """A person's account. `email` is kept in lower case, which makes it unique without regard to case."""

    # Accounts of the first release have no version (see `store.change`).
    version_came_later = True

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    email = StringField(required=True)
    name = StringField(required=True)
    phone_number = StringField(required=True)
    password_hash = StringField(required=True)
    role = StringField(required=True, choices=ROLES, default=CUSTOMER)
    school_ids = ListField(StringField())
    created_at = DateTimeField(required=True)
    # A disabled account can neither log in nor use a token that it has.
    disabled_at = DateTimeField()
    # Counts the times that all sessions were ended at once. A token of an earlier epoch is refused, but for
    # those of the session that is kept, from which the password was changed.
    session_epoch = IntField(required=True, default=0)
    kept_session_id = StringField()

    meta = {
        "collection": "users",
        "auto_create_index": False,
        "indexes": [{"fields": ["email"], "unique": True}],
    }


class RevokedToken(Document):
    """A login session or a single token that is refused from now on. Removed once it has expired anyway."""

    id = StringField(primary_key=True)
    revoked_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "revoked_tokens",
        "auto_create_index": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class LoginFailures(Document):
    """Wrong passwords for one e-mail address, whether or not it has an account, or from one client address.
    Removed after a day without any."""

    # "account:" or "client:" and a SHA-256, so that what strangers type is neither kept nor unbounded.
    id = StringField(primary_key=True)
    version = IntField(required=True, default=1)
    failures = IntField(required=True, default=0)
    # Tries that are being looked at, and when they must have ended.
    pending = IntField(required=True, default=0)
    pending_until = DateTimeField()
    # Until then, tries for this account are let through whatever their client's address has done.
    excused_until = DateTimeField()
    delayed_until = DateTimeField()
    forgotten_at = DateTimeField(required=True)

    meta = {
        "collection": "login_failures",
        "auto_create_index": False,
        "indexes": [{"fields": ["forgotten_at"], "expireAfterSeconds": 0}],
    }


class ResetLink(EmbeddedDocument):
    """One link that was mailed, as the SHA-256 hex digest of its token. A mail that is sent again, because
    nobody knows whether it arrived, holds another one, and both are good. It belongs to one epoch of the
    account's sessions: whatever begins the next one, such as using it, uses it up."""

    sha256 = StringField(required=True)
    expires_at = DateTimeField(required=True)
    session_epoch = IntField(required=True)


class PasswordReset(Document):
    """A request to be mailed a link by which a forgotten password is replaced. Written for every e-mail
    address that is asked about; whether it has an account is seen later, by the worker."""

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    email = StringField(required=True)
    requested_at = DateTimeField(required=True)
    user_id = StringField()
    links = EmbeddedDocumentListField(ResetLink)
    outcome = StringField()
    removed_at = DateTimeField(required=True)
    work = EmbeddedDocumentField(Work)

    meta = {
        "collection": "password_resets",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["links.sha256"], "sparse": True},
            {"fields": ["email", "requested_at"]},
            {"fields": ["removed_at"], "expireAfterSeconds": 0},
            {"fields": ["work.due_at"], "sparse": True},
            {"fields": ["work.failing_since"], "sparse": True},
        ],
    }


class ApiKeySecret(EmbeddedDocument):
    """One secret of an API key, as the SHA-256 hex digest of it. While a key is rotated it has two."""

    sha256 = StringField(required=True)
    created_at = DateTimeField(required=True)
    expires_at = DateTimeField()


class ApiKey(Document):
    """A program that calls the API from a server. Its id stays the same when its secret is rotated."""

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    name = StringField(required=True)
    scopes = ListField(StringField(), required=True)
    # None means all schools.
    school_id = StringField()
    secrets = EmbeddedDocumentListField(ApiKeySecret)
    created_at = DateTimeField(required=True)
    # The end of the key as a whole; a secret's own end comes from a rotation.
    expires_at = DateTimeField()
    revoked_at = DateTimeField()
    last_used_at = DateTimeField()

    meta = {
        "collection": "api_keys",
        "auto_create_index": False,
        "indexes": [{"fields": ["secrets.sha256"], "unique": True}],
    }
