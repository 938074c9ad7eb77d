"""Rate limits per client address, counted in Redis, or in this process while Redis is away."""

from collections.abc import Callable

import redis
import structlog
from flask import Flask, Response, current_app, g
from flask_limiter import Limiter, RequestLimit, RouteLimit
from flask_limiter.util import get_remote_address

from config.settings import Settings

API_PREFIX = "/api/"

log = structlog.get_logger(__name__)

limiter = Limiter(get_remote_address)


def _api_limit() -> str:
    return str(current_app.config["RATELIMIT_API"])


def _webhook_limit() -> str:
    return str(current_app.config["RATELIMIT_WEBHOOK"])


def _page_limit() -> str:
    return str(current_app.config["RATELIMIT_PAGES"])


# Applied to a blueprint: all of its routes, and those of other blueprints with it, count together.
api_limit = limiter.shared_limit(_api_limit, scope="api")
page_limit = limiter.shared_limit(_page_limit, scope="pages")


def limited_unless(is_rightly_signed: Callable[[], bool]) -> RouteLimit:
    """Count, and hold back, only calls of the webhook that are not rightly signed. One payment makes about
    three that are, the provider calls from few addresses, and nobody else may use up its share.

    is_rightly_signed: must not raise, because the limiter takes any exception for a storage that is away.
    """
    return limiter.limit(_webhook_limit, override_defaults=True, exempt_when=is_rightly_signed)


def register(app: Flask, settings: Settings) -> None:
    """Count every request under /api/ against the address's limit, and say in headers what is left."""
    app.config.update(
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        RATELIMIT_API=settings.ratelimit_api,
        RATELIMIT_WEBHOOK=settings.ratelimit_webhook,
        RATELIMIT_PAGES=settings.ratelimit_pages,
        RATELIMIT_DEFAULT=None,
        RATELIMIT_STORAGE_URI=settings.redis_address,
        RATELIMIT_STORAGE_OPTIONS={
            "socket_connect_timeout": settings.redis_timeout_seconds,
            "socket_timeout": settings.redis_timeout_seconds,
        },
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        # Only the first of several requests that lose Redis together falls back; the others would be answered
        # with a 500, and go uncounted instead.
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_KEY_PREFIX="payments",
    )
    limiter.init_app(app)
    app.after_request(_say_what_is_left)


def _say_what_is_left(response: Response) -> Response:
    limit: RequestLimit | None = limiter.current_limit if limiter.enabled else None
    if limit is None or "request_id" not in g:
        return response
    try:
        reset_at, remaining = limit.reset_at, limit.remaining
    except redis.RedisError as error:
        # It went away since the limit was checked. What the request did is done, and the answer must say so.
        log.warning("limits.redis_away", error=type(error).__name__)
        return response
    reset_seconds = min(max(1, round(reset_at - g.started_at)), limit.limit.get_expiry())
    response.headers["RateLimit-Limit"] = str(limit.limit.amount)
    response.headers["RateLimit-Remaining"] = str(remaining)
    response.headers["RateLimit-Reset"] = str(reset_seconds)
    if response.status_code == 429:
        # Too many wrong passwords have a delay of their own.
        response.headers.setdefault("Retry-After", str(reset_seconds))
    return response
