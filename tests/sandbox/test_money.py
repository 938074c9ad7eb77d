"""The fee formula against the documented and recorded samples."""

import pytest

from sandbox import money


@pytest.mark.parametrize(
    ("amount", "fee", "tax"), [(150_000, 3540, 540), (2000, 48, 8), (100, 2, 0), (20_000, 472, 72)]
)
def test_fee_and_tax_match_the_samples(amount, fee, tax):
    assert money.fee_and_tax(amount, "upi", is_international=False) == (fee, tax)


def test_domestic_cards_up_to_2000_rupees_carry_no_tax():
    assert money.fee_and_tax(200_000, "card", is_international=False) == (4000, 0)
    assert money.fee_and_tax(200_001, "card", is_international=False) == (4720, 720)
    assert money.fee_and_tax(200_000, "card", is_international=True) == (4720, 720)


def test_every_documented_currency_has_its_exponent():
    assert len(money.CURRENCIES) == 128
    assert [money.exponent(currency) for currency in ("INR", "JPY", "KWD")] == [2, 0, 3]
    assert [money.display(money.minimum_minor(one), one) for one in ("INR", "JPY", "KWD")] == [
        "INR 1.00", "JPY 1", "KWD 1.000",
    ]  # fmt: skip
