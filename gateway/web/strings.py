"""Every word that the pages show, in English and in one place, so that they can be translated. Says nothing
about when a sentence is shown. Names in braces are filled in: {amount}, {merchant}, {refunded}, {vpa}."""

from dataclasses import dataclass
from http import HTTPStatus

LANGUAGE = "en"
TITLE = "{heading} – {merchant}"


@dataclass(frozen=True)
class Words:
    """What a page says: its heading, which is its title too, and the sentences below it."""

    heading: str
    sentences: tuple[str, ...]


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MOMENT = "{day} {month} {year}, {hour:02}:{minute:02} UTC"

# The provider's names of the ways to pay. One that is not listed is shown as the provider writes it.
METHODS = {
    "card": "Card",
    "upi": "UPI",
    "netbanking": "Netbanking",
    "wallet": "Wallet",
    "emi": "EMI",
    "cardless_emi": "Cardless EMI",
    "paylater": "Pay later",
    "bank_transfer": "Bank transfer",
}

PAY_TO = "To"
AMOUNT = "Amount"
PAID_FOR = "For"
PAID_ON = "Paid on"
PAID_BY = "Paid by"
REFUNDED = "Refunded"
RECEIPT_NUMBER = "Receipt"
PAYMENT_NUMBER = "Payment number"
PAY_UNTIL = "Can be paid until"

PAY = "Pay {amount}"
PAY_AGAIN = "Try again"
PAY_OTHERWISE = "Pay in another way"
OPEN_AGAIN = "Try again"
CHECK_NOW = "Check now"
BACK_TO_PAYMENT = "Back to the payment"
DOWNLOAD_RECEIPT = "Download the receipt (PDF)"
RECEIPT_IS_BEING_MADE = "The receipt is being made. It can be downloaded here in a moment."
REFRESHES = "This page updates by itself."
HELP = "Questions? Ask"
DESCRIPTION_DEFAULT = "Payment"

BACK_BY_ITSELF = "If money left your account all the same, it comes back by itself within 7 working days."
PREPARING = Words("Your payment is being prepared", ("This takes a moment.",))
READY = Words(
    "Pay {amount} to {merchant}",
    (
        "Razorpay asks in a window how you want to pay: by card, UPI, netbanking or wallet.",
        "Your card and bank details stay there. {merchant} never sees them.",
    ),
)
NEEDS_JAVASCRIPT = (
    "Paying here needs JavaScript, because Razorpay's window does. Please allow it for this page and load the"
    " page again, or open your link in another browser."
)
NEEDS_ITS_SCRIPT = (
    "If no button to pay appears here, a part of this page did not arrive. Please load the page again, or"
    " open your link in another browser."
)
APPROVE = Words(
    "Approve the payment in your UPI app",
    ("You are asked for {amount} at {vpa}. Open your UPI app and approve the request.",),
)
APPROVE_UNTIL = "It can be approved until {until}."
APPROVE_OR_PAY = "Or pay in another way. Then leave the request unanswered, so that you do not pay twice."
CONFIRMING = Words(
    "Your payment is being confirmed",
    ("You have paid, and the confirmation is on its way. Please do not pay again.",),
)
PAID = Words("{amount} paid", ("Thank you. Your payment is complete.",))
FAILED = Words("The payment did not go through", ("You can try again, in the same way or in another.",))
FAILED_WITHOUT_A_REASON = "The payment was not completed."
REFUSED = Words(
    "This payment cannot be made",
    (
        "Nothing was taken from you. The payment could not be opened, and trying again will not help.",
        "Please ask {merchant} for a new payment, and name the payment number below.",
    ),
)
UNREACHABLE = Words(
    "This payment could not be opened",
    (
        "Nothing was taken from you. Razorpay, through which you pay, could not be reached.",
        "Please try again. If it keeps failing, ask {merchant}, and name the payment number below.",
    ),
)
CANCELLED = Words(
    "This payment was cancelled",
    (
        "Nothing more is taken from you.",
        "If you have paid all the same, at the last moment, ask {merchant}: they see the money.",
        "If you still want to pay, ask {merchant} for a new payment.",
    ),
)
EXPIRED = Words(
    "This payment link has expired",
    (
        "It was not paid in time.",
        "If you still want to pay, ask {merchant} for a new link, and name the payment number below.",
        "If you have just paid all the same, it is not lost: {merchant} sees the money.",
    ),
)
REFUNDED_WHOLE = Words(
    "{refunded} refunded",
    ("The money goes back to where it came from. Banks take up to 7 working days to show it.",),
)
REFUNDED_PARTLY = Words(
    "{refunded} of {amount} refunded",
    ("That part goes back to where it came from. Banks take up to 7 working days to show it.",),
)
RECEIPT_WAITS = Words("Your receipt is being made", ("This takes a moment. The download starts by itself.",))

# What the page's script says, while the customer pays. {reason} is the provider's sentence about a failure.
SAID_BY_SCRIPT = {
    "opening": "Razorpay's window is being opened…",
    "opened": "Please pay in Razorpay's window. This page shows the result by itself.",
    "closed": "The window was closed. If you have not paid yet, you can do so whenever you are ready.",
    "failed": "The payment did not go through: {reason}",
    "failedWithoutReason": "The payment did not go through.",
    "notLoaded": (
        "Razorpay, through which you pay, could not be loaded. Please check your connection, and whether"
        " something in your browser blocks razorpay.com. Then try again."
    ),
    "notOpened": "Razorpay's window could not be opened. Please try again.",
    "tryAgain": PAY_AGAIN,
    "offline": "This page cannot be updated right now. Your payment is not affected. It tries again.",
    "gaveUp": "This page could not be updated. Please load it again to see what became of your payment.",
}

NOT_CONFIRMED = Words(
    "This payment could not be confirmed",
    (
        "Your browser brought back what Razorpay did not sign for this payment. Nothing was changed.",
        "If you did pay, the payment's page shows it within a few minutes. Please do not pay again before.",
    ),
)
NOT_UNDERSTOOD = Words(
    "This payment could not be confirmed",
    (
        "Your browser brought back no result from Razorpay. Nothing was changed.",
        "If you did pay, the payment's page shows it within a few minutes. Please do not pay again before.",
    ),
)

ERRORS: dict[int, Words] = {
    HTTPStatus.NOT_FOUND: Words(
        "This page does not exist",
        ("Perhaps a part of the link is missing. Please open it again just as it was given to you.",),
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: Words(
        "This page cannot be opened like this", ("Please go back, and open the link that was given to you.",)
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Words(
        "That was too much", ("Your browser sent more than this page takes. Nothing was changed.",)
    ),
    HTTPStatus.TOO_MANY_REQUESTS: Words(
        "Too many requests",
        ("Too many pages were asked for from your network. Please wait some minutes and try again.",),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Words(
        "Not available right now", ("Please try again in a minute. A payment that you made is not lost.",)
    ),
}
ERROR_OF_THE_CLIENT = Words("This does not work", ("Your browser sent something that cannot be read here.",))
ERROR_OF_OURS = Words(
    "Something went wrong",
    ("The mistake is ours, and was recorded. Please try again. A payment that you made is not lost.",),
)

PASSWORD_CHOOSE = Words("Choose a new password", ())
PASSWORD_HINT = (
    "At least {chars_min} characters. Take several words that do not belong together: they are easy to"
    " remember and hard to guess."
)
PASSWORD_NEW = "New password"
PASSWORD_REPEATED = "The same again"
PASSWORD_CHANGE = "Change the password"
PASSWORD_PROBLEM = "The password {problem}."
PASSWORD_MISSING = "Please type a new password."
PASSWORDS_DIFFER = "The two passwords are not the same."
ERROR_TITLE = "Error: {heading}"
PASSWORD_CHANGED = Words(
    "Your password is changed",
    (
        "Everybody who was logged in to your account, on this device too, has been logged out.",
        "You can close this page, and log in with the new password.",
    ),
)
LINK_ENDED = Words(
    "This link does not work any more",
    (
        "It was used already, or it has expired, or a part of it is missing. Your password is as it was.",
        "If you have just changed your password by this link, the new one counts.",
        "Otherwise ask for another mail.",
    ),
)
