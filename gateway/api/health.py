"""Is the process alive, and can it do its work?"""

from typing import Any

import marshmallow as ma
import redis
import structlog
from flask import current_app
from marshmallow import fields
from pymongo.errors import PyMongoError

from gateway.api import health_report
from gateway.api.auth import public
from gateway.api.health_report import NOT_ASKED, Details, KeptReport, Report
from gateway.api.parsing import StrictBlueprint
from gateway.api.services import context
from gateway.runtime import ping_database

blueprint = StrictBlueprint("health", __name__, description="For load balancers and operators.")

REDIS_CLIENT = "payment_service_redis"
REPORT = "payment_service_health_report"
log = structlog.get_logger(__name__)


class HealthAnswer(ma.Schema):
    status = fields.String(required=True)


class Checks(ma.Schema):
    mongodb = fields.String(required=True)
    redis = fields.String(required=True)


class AlarmShape(ma.Schema):
    name = fields.String(required=True, metadata={"description": "Which alarm; it never changes."})
    detail = fields.String(required=True, metadata={"description": "What is known now, for people."})


class DetailsShape(ma.Schema):
    workDue = fields.Integer(required=True, metadata={"description": "Pieces of work that are due."})
    oldestDueSeconds = fields.Float(required=True, metadata={"description": "Since when; 0 without any."})
    deadWebhookEvents = fields.Integer(
        required=True, metadata={"description": "Given up after WEBHOOK_ATTEMPTS_MAX tries."}
    )
    lastSweepSecondsAgo = fields.Float(
        required=True, allow_none=True, metadata={"description": "Null when none has finished yet."}
    )


class ReadyAnswer(ma.Schema):
    status = fields.String(required=True)
    checks = fields.Nested(Checks, required=True)
    alarms = fields.List(
        fields.Nested(AlarmShape),
        required=True,
        metadata={"description": "What is wrong, none of which makes the process unready."},
    )
    details = fields.Nested(
        DetailsShape,
        required=True,
        allow_none=True,
        metadata={"description": "The figures; null while the database does not say."},
    )


DETAILS_EXAMPLE = {
    "workDue": 3,
    "oldestDueSeconds": 0.4,
    "deadWebhookEvents": 0,
    "lastSweepSecondsAgo": 71.2,
}
ALARM_EXAMPLE = {
    "name": "sweep stale",
    "detail": "The last sweep finished 71 s ago. Are beat and worker running?",
}


@blueprint.get("/healthz")
@public
@blueprint.response(200, HealthAnswer, example={"status": "ok"})
def healthz() -> Any:
    """Is this process alive"""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
@blueprint.response(
    200,
    ReadyAnswer,
    example={
        "status": "ready",
        "checks": {"mongodb": "ok", "redis": "ok"},
        "alarms": [ALARM_EXAMPLE],
        "details": DETAILS_EXAMPLE,
    },
)
@blueprint.alt_response(
    503,
    schema=ReadyAnswer,
    description="One of them is away.",
    example={
        "status": "not ready",
        "checks": {"mongodb": "away", "redis": "ok"},
        "alarms": [],
        "details": None,
    },
)
def readyz() -> Any:
    """Can this process do its work

    Says which of MongoDB and Redis is away. Without Redis payments are still taken, and finished later.

    An alarm says that something needs a person. It leaves the process ready, because every other one has the
    same alarm, and taking all of them out of service would turn a nuisance into an outage. Alarms and figures
    are a few seconds old at most, and are not known while MongoDB is away.
    """
    checks = {"mongodb": _mongodb(), "redis": _redis()}
    report = _report() if checks["mongodb"] == "ok" else NOT_ASKED
    is_ready = all(state == "ok" for state in checks.values())
    answer = {
        "status": "ready" if is_ready else "not ready",
        "checks": checks,
        "alarms": [{"name": alarm.name, "detail": alarm.detail} for alarm in report.alarms],
        "details": _shape(report.details) if report.details else None,
    }
    return answer, 200 if is_ready else 503


def _report() -> Report:
    kept: KeptReport = current_app.extensions[REPORT]
    asking = context(by="health")
    return kept.get(lambda: health_report.read(asking.now(), asking.limits))


def _shape(details: Details) -> dict[str, Any]:
    last_sweep_seconds = details.last_sweep_seconds
    return {
        "workDue": details.work_due,
        "oldestDueSeconds": round(details.oldest_due_seconds, 1),
        "deadWebhookEvents": details.dead_webhook_events,
        "lastSweepSecondsAgo": None if last_sweep_seconds is None else round(last_sweep_seconds, 1),
    }


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
