"""HTTP Basic with the API keys. The scheme's name must be spelt "Basic" exactly; Razorpay refuses `basic`.

The documents show two texts for wrong keys and do not say which comes when; here it is always the one that
was seen with the status 401.
"""

import base64
import binascii
import hmac

from sandbox import errors
from sandbox.settings import Settings


def check(settings: Settings, header: str) -> None:
    """Refuse a call without the right key and secret."""
    scheme, _, credentials = header.partition(" ")
    if scheme != "Basic":
        raise errors.authentication_failed()
    try:
        given = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError):
        raise errors.authentication_failed() from None
    expected = f"{settings.key_id}:{settings.key_secret}".encode()
    if not hmac.compare_digest(given, expected):
        raise errors.authentication_failed()
