"""Ids that we mint."""

import uuid

UUID_CHARS = 36


def new_id() -> str:
    """Return a fresh random id (UUID version 4, 36 characters)."""
    return str(uuid.uuid4())


def canonical_uuid(text: str) -> str:
    """Return the one form in which a UUID from outside is kept: lower case, with hyphens. Raises ValueError
    for any other text."""
    if len(text) != UUID_CHARS:
        raise ValueError("not a UUID of 36 characters")
    return str(uuid.UUID(text))
