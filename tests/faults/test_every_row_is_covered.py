"""The map of the fault list: each of its 25 rows has a file here that is named after it, and each of its
abuses names the tests that prove it refused. A test that is renamed or removed is missed here.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, imported_by, is_within, module_name, product_files

HERE = Path(__file__).parent
ROWS = range(1, 26)

API, DOMAIN = "tests/api", "tests/domain"
RENDERED = "tests/faults/test_25_receipts_that_cannot_be_rendered.py"
# A word in brackets is what a test of many cases calls the case.
ABUSES = {
    "somebody else's order, receipt, refund or export": (
        f"{API}/test_access.py::test_what_is_somebody_elses_does_not_exist",
        f"{API}/test_access.py::test_our_own_id_of_somebody_elses_payment_is_not_found_either",
        f"{API}/test_access.py::test_a_refused_refund_is_not_sent_to_the_provider",
        f"{API}/test_access.py::test_an_existing_and_an_unknown_id_get_the_same_answer",
        f"{API}/test_access.py::test_ones_own_lists_hold_nothing_of_somebody_elses",
        f"{API}/test_receipts.py::test_an_unknown_receipt_and_someone_elses_are_the_same_404",
        f"{API}/test_refunds.py::test_someone_elses_payment_and_an_unknown_one_are_both_a_404",
        f"{API}/test_payment_csv.py::test_a_schools_file_is_for_its_staff",
        f"{API}/test_key_scopes.py::test_a_key_of_another_school_finds_nothing",
    ),
    "a token after logging out": (
        f"{API}/test_tokens.py::test_logging_out_ends_both_tokens_also_after_redis_was_flushed",
        f"{API}/test_tokens.py::test_logging_out_also_ends_the_tokens_that_were_refreshed",
        f"{API}/test_edges.py::test_a_copied_refresh_token_ends_the_session_of_owner_and_thief",
    ),
    "a token that is unsigned, expired, for others, or signed with an old key": (
        f"{API}/test_tokens.py::test_a_forged_token_is_refused[alg none]",
        f"{API}/test_tokens.py::test_a_forged_token_is_refused[expired]",
        f"{API}/test_tokens.py::test_a_forged_token_is_refused[another audience]",
        f"{API}/test_tokens.py::test_a_forged_token_is_refused[another key]",
        f"{API}/test_access.py::test_a_route_refuses_callers_without_a_valid_token",
        f"{API}/test_key_scopes.py::test_a_revoked_and_an_expired_key_are_refused",
    ),
    "guessing passwords": (
        f"{API}/test_login_limits.py::test_each_failure_after_a_delay_doubles_the_next_one_up_to_the_longest",
        f"{API}/test_login_limits.py::test_guesses_at_once_get_no_more_tries_than_guesses_in_a_row",
        f"{API}/test_login_limits.py::test_a_client_that_fails_at_many_accounts_is_delayed_and_nobody_else_is",
        f"{DOMAIN}/test_login_limits.py::test_of_thirty_wrong_tries_at_once_no_more_are_let_through_than_in_a_row",
    ),
    "finding out who has an account": (
        f"{API}/test_users.py::test_a_wrong_password_and_an_unknown_e_mail_are_answered_alike",
        f"{API}/test_login_time.py::test_an_unknown_e_mail_takes_as_long_as_a_wrong_password",
        f"{API}/test_login_limits.py::test_an_unknown_e_mail_is_answered_counted_and_delayed_like_a_known_one",
        f"{API}/test_reset_password.py::test_an_unknown_address_gets_the_same_answer_and_no_mail",
    ),
    "operators of the database in JSON": (
        f"{API}/test_login_limits.py::test_operators_are_no_values",
        f"{API}/test_reset_password.py::test_operators_are_no_tokens",
        f"{API}/test_reset_password.py::test_operators_are_no_addresses",
        f"{API}/test_change_password.py::test_operators_are_no_passwords",
        f"{API}/test_bad_fields.py::test_what_is_not_text_is_refused_in_a_field_of_text",
        f"{API}/test_bad_requests.py::test_a_query_that_cannot_be_is_refused",
        f"{API}/test_tokens.py::test_a_forged_token_is_refused[an operator as account]",
    ),
    "granting oneself a role": (
        f"{API}/test_users.py::test_nobody_grants_themselves_anything_when_registering",
        f"{API}/test_payment_create.py::test_no_client_writes_what_is_ours_to_write",
        f"{API}/test_bad_fields.py::test_an_unknown_field_is_named",
    ),
    "formulas in a file for spreadsheets": (
        f"{API}/test_payment_csv.py::test_no_spreadsheet_calculates_what_a_client_has_written",
        f"{API}/test_payment_csv.py::test_nor_does_one_that_takes_a_semicolon_for_a_new_cell",
        f"{API}/test_payment_csv.py::test_an_address_may_begin_like_a_formula",
    ),
    "a cursor that was tampered with, or is somebody else's": (
        f"{API}/test_payment_pages.py::test_what_is_no_cursor_is_refused",
        f"{API}/test_payment_pages.py::test_a_cursor_shows_nothing_of_the_person_that_it_came_from",
    ),
    "too many requests while Redis is away": (
        f"{API}/test_rate_limits.py::test_without_redis_calls_are_answered_soon_and_counted_in_the_process",
        f"{API}/test_rate_limits.py::test_the_webhook_counts_apart_and_only_wrongly_signed_calls",
    ),
    "amounts of currencies without decimals, or with three": (
        f"{DOMAIN}/test_money.py::test_every_currency_has_its_exponent",
        f"{DOMAIN}/test_money.py::test_a_whole_amount_survives_the_way_there_and_back_in_every_currency",
        f"{API}/test_payment_create.py::test_an_amount_is_exact_in_its_currencys_decimals",
        f"{API}/test_payment_create.py::test_an_amount_that_its_currency_does_not_have_is_refused",
        f"{API}/test_payment_refund.py::test_a_part_that_the_currency_does_not_have_is_refused",
        "tests/faults/test_abuses.py::test_money_of_every_exponent_goes_there_and_back_exactly",
    ),
    # The list's abuses of outbound webhooks need a service that calls its clients. This one does not.
    "having the service call an address": (
        "tests/faults/test_every_row_is_covered.py::test_nothing_calls_an_address_but_for_the_provider_and_mail",
        f"{RENDERED}::test_markup_and_addresses_are_printed_and_nothing_is_fetched",
    ),
}


def rows_of(path: Path) -> set[int]:
    """Return the rows that a file is about: that of its name, and those that its first words add to it."""
    named = re.match(r"test_(\d\d)_", path.name)
    told = re.match(r"Row[^:]*:", ast.get_docstring(ast.parse(path.read_text())) or "")
    numbers = re.findall(r"\d+", told[0]) if told else []
    return {int(named[1]), *map(int, numbers)} if named else set()


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_list_has_its_file(row: int) -> None:
    assert [path.name for path in sorted(HERE.glob("test_*.py")) if row in rows_of(path)]


@pytest.mark.parametrize("path", sorted(HERE.glob("test_[0-9][0-9]_*.py")), ids=lambda path: path.stem)
def test_a_file_says_first_which_row_it_is_and_has_tests(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert told.startswith(f"Row {int(path.name[5:7])}")
    assert functions_of(path)


@pytest.mark.parametrize(("abuse", "proof"), [(abuse, proof) for abuse in ABUSES for proof in ABUSES[abuse]])
def test_an_abuse_is_refused_by_a_test_that_exists(abuse: str, proof: str) -> None:
    file, _, rest = proof.partition("::")
    test, _, case = rest.rstrip("]").partition("[")

    assert test in functions_of(ROOT / file)
    assert not case or f'"{case}"' in (ROOT / file).read_text()


def functions_of(path: Path) -> set[str]:
    """Return the names of a file's tests."""
    body = ast.parse(path.read_text()).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}


def test_nothing_calls_an_address_but_for_the_provider_and_mail() -> None:
    """A service that calls no address that a client has named can be led to no inner network."""
    clients = (
        "requests",
        "urllib3",
        "http.client",
        "urllib.request",
        "httpx",
        "aiohttp",
        "smtplib",
        "socket",
    )
    service = [
        path for path in product_files() if is_within(module_name(path), ("config", "gateway", "worker"))
    ]
    callers = {
        module_name(path) for path in service if any(is_within(name, clients) for name in imported_by(path))
    }

    # The server only listens.
    assert {caller for caller in callers if not is_within(caller, ("gateway.providers", "gateway.mail"))} <= {
        "gateway.server"
    }
    assert callers
