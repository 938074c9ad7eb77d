"""Currencies, their exponents and minimums, and the fee. Amounts are integers in the smallest unit.

Minimums are documented for rupees only, as one rupee; one major unit is assumed for every other currency.
"""

EXPONENT_0 = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
EXPONENT_3 = frozenset("BHD IQD JOD KWD OMR TND".split())
EXPONENT_2 = frozenset(
    """
    AED ALL AMD AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CNY COP CRC CUP CVE
    CZK DKK DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR JMD KES KGS
    KHR KYD KZT LAK LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SCR SEK SGD SLL SOS SVC SZL THB TRY TTD TWD TZS UAH USD
    UYU UZS XCD YER ZAR ZMW
    """.split()
)
CURRENCIES = EXPONENT_0 | EXPONENT_2 | EXPONENT_3

# Domestic card payments up to Rs 2,000 carry no tax on the fee.
CARD_TAX_FREE_MAX_MINOR = 200_000


def exponent(currency: str) -> int:
    """Tell how many decimals a currency has."""
    if currency in EXPONENT_0:
        return 0
    return 3 if currency in EXPONENT_3 else 2


def minimum_minor(currency: str) -> int:
    """Give the smallest amount of an order or refund: one major unit."""
    return int(10 ** exponent(currency))


def display(amount_minor: int, currency: str) -> str:
    """Write an amount as Razorpay's error texts do: INR 1.00."""
    decimals = exponent(currency)
    if decimals == 0:
        return f"{currency} {amount_minor}"
    major, minor = divmod(amount_minor, 10**decimals)
    return f"{currency} {major}.{minor:0{decimals}d}"


def for_people(amount_minor: int, currency: str) -> str:
    """Write an amount for people: ₹1,50,000.00, or USD 1500.00."""
    code, _, number = display(amount_minor, currency).partition(" ")
    if code != "INR":
        return f"{code} {number}"
    rupees, _, paise = number.partition(".")
    head, tail = rupees[:-3], rupees[-3:]
    # India groups the last three digits, and the others by two.
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return f"₹{','.join([*pairs, tail])}.{paise}"


def fee_and_tax(amount_minor: int, method: str, is_international: bool) -> tuple[int, int]:
    """Work out the fee (which includes the tax) and the tax of a captured payment.

    The formula fits every documented and recorded sample: 2 % of the amount, and twice 9 % of that as tax.
    """
    base = _percent(amount_minor, 2)
    is_tax_free = method == "card" and not is_international and amount_minor <= CARD_TAX_FREE_MAX_MINOR
    tax = 0 if is_tax_free else 2 * _percent(base, 9)
    return base + tax, tax


def _percent(amount_minor: int, percent: int) -> int:
    # Rounds half up, in integers: floats never touch money.
    return (amount_minor * percent + 50) // 100
