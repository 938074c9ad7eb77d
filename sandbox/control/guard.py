"""Who may call what lies under /sandbox: programs, and pages of the sandbox itself, but no other website.

The controls need no password, and the sandbox runs on the tester's own machine, where every website in the
tester's browser can reach it. Two rules keep those out, and curl and SDKs never notice them. What changes
something is refused when the browser says that another page asks (Origin, Sec-Fetch-Site). Everything is
refused when the Host header is a name that is not ours: a hostile name that resolves to this machine (DNS
rebinding) would make another page look like one of ours. Addresses cannot be rebound, so each is fine.
"""

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request

from sandbox.settings import Settings

PREFIX = "/sandbox"
READING_METHODS = ("GET", "HEAD", "OPTIONS")


def protect(app: Flask, settings: Settings) -> None:
    """Refuse what a foreign website asks for, below /sandbox."""

    @app.before_request
    def refuse_other_websites() -> tuple[Response, int] | None:
        if not _is_guarded(request.path):
            return None
        host = request.headers.get("Host", "")
        if host and not _is_ours(host, settings):
            return _refusal(
                f"the name {_name(host)!r} is not one of this sandbox; SANDBOX_ALLOWED_HOSTS can add it"
            )
        if request.method not in READING_METHODS and _is_asked_by_another_page(host, settings):
            return _refusal("a page of another website may not change anything here")
        return None


def _is_guarded(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _is_asked_by_another_page(host: str, settings: Settings) -> bool:
    origin = request.headers.get("Origin")
    if origin is not None:
        asking = urlsplit(origin).netloc
        return asking != host and _name(asking) not in settings.allowed_hosts
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _is_ours(host: str, settings: Settings) -> bool:
    name = _name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    if name in (settings.host.lower(), *settings.allowed_hosts):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Give the host without its port: localhost:8001 and [::1]:8001 too."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return host


def _refusal(description: str) -> tuple[Response, int]:
    return jsonify(error={"code": "SANDBOX_CONTROL_ERROR", "description": description}), 403
