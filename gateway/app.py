"""Builds the web application: extensions, blueprints and error handlers, from the settings."""

from threading import BoundedSemaphore

import redis
from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from config import logging as json_logging
from config.settings import Settings
from gateway.api import (
    auth,
    docs,
    errors,
    health,
    limits,
    listing,
    metrics,
    orders,
    passwords,
    payment,
    receipts,
    refunds,
    requests,
    schools,
    stats,
    users,
    webhooks,
)
from gateway.api.health_report import KeptReport
from gateway.api.json_format import ExactJSONProvider
from gateway.api.schemas import ErrorAnswer
from gateway.api.services import EXTENSION, Services, Waits
from gateway.cli import commands
from gateway.runtime import Runtime, connect_database, ensure_indexes, passwords_for
from gateway.web import passwords as password_pages
from gateway.web import payments as payment_pages
from gateway.web import site

# These share one limit per address. The webhook has one of its own, and health, metrics and docs have none.
LIMITED_BLUEPRINTS = (
    users.blueprint,
    passwords.blueprint,
    orders.blueprint,
    payment.blueprint,
    listing.blueprint,
    schools.blueprint,
    refunds.blueprint,
    stats.blueprint,
    receipts.blueprint,
)
BLUEPRINTS = (*LIMITED_BLUEPRINTS, webhooks.blueprint, health.blueprint, metrics.blueprint)

for limited in LIMITED_BLUEPRINTS:
    limits.api_limit(limited)

API_DESCRIPTION = (
    "Create payments, pay them through Razorpay, refund them, and download receipts. There are two doors to"
    " the same payments. Under `/api/v1/payments`, amounts in requests and statistics are in major units"
    " (500.00 rupees), and `amount` in orders, payments and refunds is in the currency's smallest unit"
    " (50000 paise). Under `/api/payment`, all amounts are in major units. Log in, then press Authorize and"
    " paste the token."
)


def create_app(settings: Settings) -> Flask:
    """Return the WSGI application. Opens connections, so call it after a fork; waits for none of them, so
    that a process that starts while MongoDB is away answers 503 until it is back."""
    json_logging.configure(settings.log_level)
    connect_database(settings)
    return assemble(settings)


def assemble(settings: Settings) -> Flask:
    """Return the application without connecting to anything, which is enough to describe it."""
    app = Flask("gateway", static_folder=None)
    app.json = ExactJSONProvider(app)
    app.url_map.strict_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=settings.request_body_bytes_max,
        WEBHOOK_BODY_BYTES_MAX=settings.webhook_body_bytes_max,
    )
    if settings.trusted_proxy_count:
        hops = settings.trusted_proxy_count
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    # Never more than a quarter of the threads, however many are allowed.
    exports_max = min(settings.exports_at_once_max, max(1, settings.web_threads // 4))
    app.extensions[EXTENSION] = Services(
        settings=settings,
        runtime=Runtime(settings),
        passwords=passwords_for(settings),
        waits=Waits(settings.web_threads, exports_max),
        exports=BoundedSemaphore(exports_max),
    )
    app.extensions[health.REDIS_CLIENT] = redis.Redis.from_url(
        settings.redis_address,
        socket_connect_timeout=settings.redis_timeout_seconds,
        socket_timeout=settings.redis_timeout_seconds,
    )
    app.extensions[health.REPORT] = KeptReport()
    # The order matters: an id first, then the limit, then the token, then the body.
    requests.register(app)
    limits.register(app, settings)
    app.before_request(_require_indexes)
    auth.register(app, settings)
    app.before_request(requests.refuse_a_body_cut_off)
    _register_api(app)
    errors.register(app)
    site.register(app, payment_pages.blueprint, password_pages.blueprint)
    commands.register(app)
    return app


def _require_indexes() -> None:
    """Accept nothing before the unique indexes exist, also when MongoDB was away as this process began."""
    if request.path.startswith(limits.API_PREFIX) or site.is_page(request.path):
        ensure_indexes()


def _register_api(app: Flask) -> None:
    app.config.update(
        API_TITLE="Payment service API",
        API_VERSION="1.0.0",
        OPENAPI_VERSION="3.0.3",
        API_SPEC_OPTIONS={
            "info": {"description": API_DESCRIPTION},
            "security": [{"bearerAuth": []}],
            "servers": [{"url": "/"}],
        },
    )
    api = errors.DocumentedErrorsApi(app)
    api.spec.components.security_scheme(
        "bearerAuth", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    api.spec.components.security_scheme(
        "apiKey", {"type": "http", "scheme": "bearer", "bearerFormat": "sk_…, for programs on a server"}
    )
    api.spec.components.schema("ErrorAnswer", schema=ErrorAnswer)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
    app.extensions[docs.API] = api
