"""Payments whose pages are looked at in the shared browser."""

from tests.support.kept_payments import keep, page_of

__all__ = ["keep", "page_of"]
