"""Amounts: exact in both directions, for every currency, and refused when they do not fit one."""

from decimal import Decimal

import pytest

from gateway.domain import money

MAX = 1_000_000_000_000
ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
THREE_DECIMALS = "BHD IQD JOD KWD OMR TND".split()


@pytest.mark.parametrize("currency", sorted(money.CURRENCIES))
def test_every_currency_has_its_exponent(currency: str) -> None:
    expected = {**dict.fromkeys(ZERO_DECIMALS, 0), **dict.fromkeys(THREE_DECIMALS, 3)}.get(currency, 2)

    assert money.exponent(currency) == expected


@pytest.mark.parametrize("currency", sorted(money.CURRENCIES))
def test_a_whole_amount_survives_the_way_there_and_back_in_every_currency(currency: str) -> None:
    minor = money.to_minor(1234, currency, MAX)

    assert minor == 1234 * 10 ** money.exponent(currency)
    assert money.to_major(minor, currency) == 1234


def test_no_currency_has_two_exponents() -> None:
    assert money.TWO_DECIMAL_CURRENCIES.isdisjoint(money.EXPONENTS)
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in money.CURRENCIES)


@pytest.mark.parametrize(
    ("major", "currency", "minor"),
    [
        ("500.00", "INR", 50_000),
        ("500", "INR", 50_000),
        ("5E2", "INR", 50_000),
        ("500.0000", "INR", 50_000),
        ("1", "INR", 100),
        ("0.29", "USD", 29),
        ("0.01", "USD", 1),
        ("1", "JPY", 1),
        ("500", "JPY", 500),
        ("500.0", "JPY", 500),
        ("12.34", "KWD", 12_340),
        ("12.340", "KWD", 12_340),
        ("0.01", "KWD", 10),
        ("10000000000.00", "INR", MAX),
        ("1000000000000", "JPY", MAX),
        ("1000000000.000", "KWD", MAX),
    ],
)
def test_an_amount_becomes_minor_units_exactly(major: str, currency: str, minor: int) -> None:
    converted = money.to_minor(Decimal(major), currency, MAX)

    assert converted == minor
    assert type(converted) is int


@pytest.mark.parametrize(
    ("major", "currency", "says"),
    [
        ("1.005", "INR", "must have no more than 2 decimals in INR"),
        ("1.00000001", "INR", "must have no more than 2 decimals in INR"),
        ("1.5", "JPY", "must be whole in JPY"),
        ("0.5", "JPY", "must be whole in JPY"),
        ("1.0005", "KWD", "must have no more than 3 decimals in KWD"),
        ("1.234", "KWD", "must end in 0 at the third decimal in KWD"),
        ("0.001", "KWD", "must end in 0 at the third decimal in KWD"),
        ("1E-999999", "INR", "must have no more than 2 decimals in INR"),
        ("0", "INR", "must be greater than zero"),
        ("-0.0", "INR", "must be greater than zero"),
        ("-1", "INR", "must be greater than zero"),
        ("0.99", "INR", "must be at least 1.00 INR"),
        ("10000000000.01", "INR", "must not be greater than 10000000000.00 INR"),
        ("1000000000001", "JPY", "must not be greater than 1000000000000 JPY"),
        ("1E+999999", "INR", "must not be greater than 10000000000.00 INR"),
        ("NaN", "INR", "must be a number"),
        ("sNaN", "INR", "must be a number"),
        ("Infinity", "INR", "must be a number"),
        ("-Infinity", "INR", "must be a number"),
    ],
)
def test_an_amount_that_does_not_fit_is_refused_and_says_why(major: str, currency: str, says: str) -> None:
    with pytest.raises(money.InvalidAmount) as refused:
        money.to_minor(Decimal(major), currency, MAX)

    assert str(refused.value) == says


def test_the_largest_amount_is_a_matter_of_the_caller() -> None:
    assert money.to_minor(100, "INR", 10_000) == 10_000
    with pytest.raises(money.InvalidAmount, match=r"must not be greater than 100\.00 INR"):
        money.to_minor(Decimal("100.01"), "INR", 10_000)


@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [
        (50_000, "INR", "500.00"),
        (1, "INR", "0.01"),
        (0, "INR", "0.00"),
        (500, "JPY", "500"),
        (12_340, "KWD", "12.340"),
        (9_007_199_254_740_993, "INR", "90071992547409.93"),
    ],
)
def test_minor_units_become_major_units_with_the_currencys_decimals(
    minor: int, currency: str, major: str
) -> None:
    assert str(money.to_major(minor, currency)) == major


def test_every_number_of_paise_up_to_a_hundred_rupees_survives_the_way_there_and_back() -> None:
    amounts = range(100, 10_001)

    assert [money.to_minor(money.to_major(each, "INR"), "INR", MAX) for each in amounts] == list(amounts)


def test_an_amount_beyond_a_floats_precision_is_exact() -> None:
    assert money.to_minor(Decimal("90071992547409.93"), "INR", 10**16) == 9_007_199_254_740_993


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (50_000, "INR", "₹500.00"),
        (12_345_678_900, "INR", "₹123,456,789.00"),
        (1, "INR", "₹0.01"),
        (123_456, "USD", "$1,234.56"),
        (123_456, "EUR", "€1,234.56"),
        (123_456, "GBP", "£1,234.56"),
        (1_234_567, "JPY", "¥1,234,567"),
        (12_340, "KWD", "12.340 KWD"),
        (1_234_500, "KWD", "1,234.500 KWD"),
        (1_000_000, "XAF", "1,000,000 XAF"),
    ],
)
def test_people_read_an_amount_with_its_symbol_or_code_and_in_groups(
    minor: int, currency: str, text: str
) -> None:
    assert money.display(minor, currency) == text
