"""The two signatures. They use two different secrets over two different messages."""

import hashlib
import hmac


def of_payment(key_secret: str, order_id: str, payment_id: str) -> str:
    """Sign what Checkout hands to the browser, with the API key's secret."""
    return _hex_digest(key_secret, f"{order_id}|{payment_id}".encode())


def of_webhook(webhook_secret: str, body: bytes) -> str:
    """Sign the raw bytes of a webhook, with the secret of its endpoint."""
    return _hex_digest(webhook_secret, body)


def _hex_digest(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
