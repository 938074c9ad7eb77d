"""Is the process alive, and can it do its work?"""

from typing import Any

import marshmallow as ma
import redis
import structlog
from flask import current_app
from marshmallow import fields
from pymongo.errors import PyMongoError

from gateway.api.auth import public
from gateway.api.parsing import StrictBlueprint
from gateway.runtime import ping_database

blueprint = StrictBlueprint("health", __name__, description="For load balancers and operators.")

REDIS_CLIENT = "payment_service_redis"
log = structlog.get_logger(__name__)


class HealthAnswer(ma.Schema):
    status = fields.String(required=True)


class Checks(ma.Schema):
    mongodb = fields.String(required=True)
    redis = fields.String(required=True)


class ReadyAnswer(ma.Schema):
    status = fields.String(required=True)
    checks = fields.Nested(Checks, required=True)


@blueprint.get("/healthz")
@public
@blueprint.response(200, HealthAnswer, example={"status": "ok"})
def healthz() -> Any:
    """Is this process alive"""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
@blueprint.response(200, ReadyAnswer, example={"status": "ready", "checks": {"mongodb": "ok", "redis": "ok"}})
@blueprint.alt_response(
    503,
    schema=ReadyAnswer,
    description="One of them is away.",
    example={"status": "not ready", "checks": {"mongodb": "ok", "redis": "away"}},
)
def readyz() -> Any:
    """Can this process do its work

    Says which of MongoDB and Redis is away. Without Redis payments are still taken, and finished later.
    """
    checks = {"mongodb": _mongodb(), "redis": _redis()}
    if all(state == "ok" for state in checks.values()):
        return {"status": "ready", "checks": checks}
    return {"status": "not ready", "checks": checks}, 503


def _mongodb() -> str:
    try:
        ping_database()
    except PyMongoError as error:
        log.warning("health.mongodb_away", error=type(error).__name__)
        return "away"
    return "ok"


def _redis() -> str:
    try:
        current_app.extensions[REDIS_CLIENT].ping()
    except redis.RedisError as error:
        log.warning("health.redis_away", error=type(error).__name__)
        return "away"
    return "ok"
