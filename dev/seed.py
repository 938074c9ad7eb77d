"""Prepares the local stack's database: the demo accounts, and indexes that only the embedded server needs.

Safe to run again. The demo accounts have public passwords, so they are made on a loopback server only.
"""

import sys

from pymongo.uri_parser import parse_uri

from config.settings import Settings
from dev.accounts import ACCOUNTS, DEMO_SCHOOL_ID
from gateway.domain import users
from gateway.domain.account_models import LoginFailures, User
from gateway.domain.documents import DOCUMENTS_WITH_WORK
from gateway.domain.errors import EmailTaken
from gateway.domain.passwords import Passwords
from gateway.runtime import connect_database, ensure_indexes, passwords_for

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PHONE_NUMBER = "+91 80 5550 0100"


def seed(settings: Settings) -> bool:
    """Create what is missing. Returns False, and creates no account, when MongoDB is on another machine."""
    connect_database(settings)
    ensure_indexes()
    hosts = {host for host, _ in parse_uri(settings.mongodb_uri)["nodelist"]}
    if not hosts <= LOOPBACK:
        return False
    for document in (*DOCUMENTS_WITH_WORK, LoginFailures):
        # The embedded server scans a collection unless one index serves the whole filter; MongoDB itself
        # finds a document by its id first.
        document._get_collection().create_index([("_id", 1), ("version", 1)], name="local_stack_id_version")
    passwords = passwords_for(settings)
    for account in ACCOUNTS:
        _create(passwords, account.role, account.email, account.name, account.password)
    User.objects(role="school_staff", email=ACCOUNTS[1].email).update(
        add_to_set__school_ids=str(DEMO_SCHOOL_ID)
    )
    return True


def _create(passwords: Passwords, role: str, email: str, name: str, password: str) -> None:
    if User.objects(email=email).first() is not None:
        return
    try:
        users.register(
            passwords, name=name, email=email, password=password, phone_number=PHONE_NUMBER, role=role
        )
    except EmailTaken:
        # Two stacks share this database and start at the same moment.
        return


if __name__ == "__main__":
    if not seed(Settings.from_env()):
        print("MongoDB is on another machine, so the demo accounts were not created there.", file=sys.stderr)
