"""The Content-Security-Policy of the pages: what a page may load, show in frames, and send to."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SELF = "'self'"
# Everything of ours is a file, so nothing inline runs or styles a page.
OURS: dict[str, tuple[str, ...]] = {
    "default-src": ("'none'",),
    "script-src": (SELF,),
    "style-src": (SELF,),
    "img-src": (SELF, "data:"),
    "connect-src": (SELF,),
    "form-action": (SELF,),
    "frame-ancestors": ("'none'",),
    "base-uri": ("'none'",),
    "object-src": ("'none'",),
}


@dataclass(frozen=True)
class Sources:
    """What the provider's script needs of the page that it runs in, beside its own origin for the script."""

    script: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()
    form: tuple[str, ...] = ()


RAZORPAY_ORIGIN = "https://checkout.razorpay.com"
# On a phone, Checkout's frame starts the customer's UPI app by an address of the app's own kind, which a
# policy holds back without a word (Juspay's page on policies for checkouts in frames). It can do no more.
UPI_APPS = ("upi:", "intent:", "gpay:", "tez:", "phonepe:", "paytmmp:", "bhim:", "credpay:")
# Razorpay documents no policy. Its own module for Magento, which has to name one, lists the script's two
# hosts (a second script, from cdn, looks for fraud), the frame's, those that the script reports to, and that
# of its images: razorpay/razorpay-magento, etc/csp_whitelist.xml. Policies of merchants add checkout to the
# frames, and api, checkout and lumberjack-cx to the connections. The script puts a <style> element and style
# attributes around its frame, and takes no nonce for them. Where a browser has no room for a frame, as inside
# some apps, it posts a form to api instead.
RAZORPAY = Sources(
    script=("https://cdn.razorpay.com",),
    style=("'unsafe-inline'",),
    image=("https://cdn.razorpay.com",),
    connect=(
        "https://api.razorpay.com",
        RAZORPAY_ORIGIN,
        "https://lumberjack.razorpay.com",
        "https://lumberjack-cx.razorpay.com",
        "https://lumberjack-metrics.razorpay.com",
    ),
    frame=("https://api.razorpay.com", RAZORPAY_ORIGIN, *UPI_APPS),
    form=("https://api.razorpay.com",),
)


def of_page() -> str:
    """Return the policy of a page that loads nothing of the provider."""
    return _written({})


def of_payable_page(script_url: str, callback_origin: str) -> str:
    """Return the policy of a page from which people pay with the provider's script at this address.
    callback_origin: where the script posts the result, which may be another name of this server."""
    origin = origin_of(script_url)
    # Another script than Razorpay's is a sandbox's, which needs no more than its frame.
    sources = RAZORPAY if origin == RAZORPAY_ORIGIN else Sources(frame=(origin,))
    return _written(
        {
            "script-src": (origin, *sources.script),
            "style-src": sources.style,
            "img-src": sources.image,
            "connect-src": sources.connect,
            "frame-src": sources.frame,
            "form-action": (callback_origin, *sources.form),
        }
    )


def origin_of(url: str) -> str:
    """Return the origin of an address, as a policy names it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _written(more: dict[str, tuple[str, ...]]) -> str:
    directives = {name: (*OURS.get(name, ()), *more.get(name, ())) for name in OURS | more}
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items() if sources)
