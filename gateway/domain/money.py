"""Amounts of money: integers in a currency's smallest unit, and the only place that knows how many
decimals a currency has. Knows nothing about payments, and no float ever comes in or goes out.

Exponents follow ISO 4217 as Razorpay lists them (its page on international payments).
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

DEFAULT_EXPONENT = 2

EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD OMR TND".split(), 3),
}

TWO_DECIMAL_CURRENCIES = frozenset(
    (
        "AED ALL AMD ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CNY COP CRC"
        " CUP CVE CZK DKK DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR"
        " JMD KES KGS KHR KYD KZT LAK LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD"
        " NGN NIO NOK NPR NZD PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SCR SEK SGD SLL SOS SSP SVC SZL THB"
        " TRY TTD TWD TZS UAH USD UYU UZS XCD YER ZAR ZMW"
    ).split()
)

CURRENCIES = TWO_DECIMAL_CURRENCIES | EXPONENTS.keys()

# Razorpay refuses orders and refunds of less than one rupee; it publishes no table for other currencies.
MINIMUM_MINOR = {"INR": 100}

SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


# Python's usual context would round an amount to 28 digits, and so hide a fraction of a paisa.
UNROUNDED = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


class InvalidAmount(ValueError):
    """An amount that no client may send; the text says what is wrong and what would be right."""


def exponent(currency: str) -> int:
    """Return how many decimals the currency has: 2 for INR, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency, DEFAULT_EXPONENT)


def to_minor(amount: Decimal | int, currency: str, amount_minor_max: int) -> int:
    """Convert an amount in major units (500.00 rupees) to minor units (50000 paise), exactly.

    amount_minor_max: the largest amount accepted, in minor units.
    Raises InvalidAmount when it is not positive, too large, or has more decimals than the currency.
    """
    amount = Decimal(amount)
    digits = exponent(currency)
    if not amount.is_finite():
        raise InvalidAmount("must be a number")
    if amount <= 0:
        raise InvalidAmount("must be greater than zero")
    # The size is checked before any scaling, so that 1E+999999 costs no work.
    if amount > to_major(amount_minor_max, currency):
        raise InvalidAmount(f"must not be greater than {to_major(amount_minor_max, currency)} {currency}")
    minor = amount.scaleb(digits, UNROUNDED)
    # Fewer than one minor unit, or a fraction of one, means too many decimals.
    if minor != minor.to_integral_value():
        raise InvalidAmount(
            f"must have no more than {digits} decimals in {currency}"
            if digits
            else f"must be whole in {currency}"
        )
    if digits == 3 and int(minor) % 10:
        # Razorpay settles three-decimal currencies in multiples of ten (its list of currencies).
        raise InvalidAmount(f"must end in 0 at the third decimal in {currency}")
    minimum = MINIMUM_MINOR.get(currency, 1)
    if minor < minimum:
        raise InvalidAmount(f"must be at least {to_major(minimum, currency)} {currency}")
    return int(minor)


def to_major(amount_minor: int, currency: str) -> Decimal:
    """Convert minor units to major units with exactly the currency's decimals: 50000 INR is 500.00."""
    digits = exponent(currency)
    return Decimal(amount_minor).scaleb(-digits).quantize(Decimal(1).scaleb(-digits))


def display(amount_minor: int, currency: str) -> str:
    """Format an amount for people, with the symbol where there is one: ₹500.00, 12.340 KWD."""
    text = f"{to_major(amount_minor, currency):,f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{text} {currency}"
