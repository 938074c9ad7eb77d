"""UPI addresses, which are personal: whose they are can be read from them."""


def masked(vpa: str) -> str:
    """Return a UPI address that is recognised by who knows it and tells others little: a***@bank."""
    name, _, handle = vpa.partition("@")
    return f"{name[:1]}***@{handle}"
