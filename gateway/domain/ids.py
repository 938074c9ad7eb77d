"""Ids that we mint."""

import uuid


def new_id() -> str:
    """Return a fresh random id (UUID version 4, 36 characters)."""
    return str(uuid.uuid4())
