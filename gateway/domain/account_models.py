"""Accounts, sessions and API keys, as they lie in MongoDB. Knows nothing about who may do what."""

from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    StringField,
)

from gateway.domain.ids import new_id

CUSTOMER = "customer"
SCHOOL_STAFF = "school_staff"
ADMIN = "admin"
ROLES = (CUSTOMER, SCHOOL_STAFF, ADMIN)


class User(Document):
    """A person's account. `email` is kept in lower case, which makes it unique without regard to case."""

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
    revoked_at = DateTimeField()
    last_used_at = DateTimeField()

    meta = {
        "collection": "api_keys",
        "auto_create_index": False,
        "indexes": [{"fields": ["secrets.sha256"], "unique": True}],
    }
