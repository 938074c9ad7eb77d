"""Ids that we mint, and those of schools, which are given."""

import uuid

from gateway.domain.errors import InvalidInput

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


def school_uuid(text: str) -> str:
    """Return a school's id in the form in which it is kept. Raises InvalidInput."""
    try:
        return canonical_uuid(text)
    except ValueError as error:
        raise InvalidInput("The school's id is not valid.", schoolId="must be a UUID") from error
