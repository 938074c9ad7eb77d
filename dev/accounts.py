"""The accounts that exist in the local stack, and only there. Their passwords are public."""

import uuid
from typing import NamedTuple


class Account(NamedTuple):
    """One account of the local stack."""

    role: str
    email: str
    name: str
    password: str


# The school whose payments the staff account sees.
DEMO_SCHOOL_ID = uuid.UUID("5c001000-0000-4000-8000-000000000001")

ACCOUNTS = (
    Account("admin", "admin@example.com", "Asha Admin", "admin-of-the-local-stack"),
    Account("school_staff", "staff@example.com", "Sunil Staff", "staff-of-the-local-stack"),
    Account("customer", "customer@example.com", "Chitra Customer", "customer-of-the-local-stack"),
)
