"""Metrics for Prometheus, read when they are asked for: counts and ages, never ids, addresses or amounts."""

from collections.abc import Iterator
from datetime import datetime

import pymongo
import redis
import structlog
from flask import Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config.queues import ALL_QUEUES
from gateway.api.api_keys import allows_keys
from gateway.api.health import REDIS_CLIENT
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.services import context, services, viewer
from gateway.domain import access, alarms, figures
from gateway.domain.context import Limits
from gateway.domain.work import KINDS

blueprint = StrictBlueprint("metrics", __name__, description="For Prometheus.")

PREFIX = "payment_service"
# How long reading all of it from the database may take.
METRICS_READ_SECONDS_MAX = 5.0
CIRCUIT_STATES = ("closed", "half_open", "open")
METRICS_DOCUMENT = {"type": "string", "description": "The Prometheus text format."}
METRICS_EXAMPLE = """\
# HELP payment_service_work_due Pieces of work that are due.
# TYPE payment_service_work_due gauge
payment_service_work_due{kind="open_order"} 0.0
payment_service_work_due{kind="capture_payment"} 2.0
# HELP payment_service_alarm Whether something needs a person.
# TYPE payment_service_alarm gauge
payment_service_alarm{name="sweep stale"} 0.0
"""

log = structlog.get_logger(__name__)


@blueprint.get("/metrics")
@can_fail("operator", "database")
@allows_keys("metrics:read")
@blueprint.response(
    200, METRICS_DOCUMENT, content_type="text/plain", description="The metrics.", example=METRICS_EXAMPLE
)
def metrics() -> Response:
    """Get metrics

    In the Prometheus text format, for administrators and API keys of all schools. Queue lengths are left out
    while Redis is away.
    """
    access.require_operator(viewer())
    registry = CollectorRegistry()
    asking = context()
    registry.register(_AtScrape(asking.now(), asking.limits))
    with pymongo.timeout(METRICS_READ_SECONDS_MAX):
        body = generate_latest(registry)
    return Response(body, content_type=CONTENT_TYPE_LATEST)


class _AtScrape(Collector):
    """Reads everything once. Raises pymongo's errors, so that a database that is away is no row of zeros."""

    def __init__(self, now: datetime, limits: Limits) -> None:
        self._now = now
        self._limits = limits

    def describe(self) -> list[Metric]:
        """Say nothing before the scrape, so that registering reads nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._work()
        yield from self._events_and_sweeps()
        yield _gauge("payments_needing_review", "Payments that a person has to look at.").of(
            figures.payments_needing_review()
        )
        raised = {alarm.name for alarm in alarms.current(self._now, self._limits)}
        yield _gauge("alarm", "Whether something needs a person.", "name").of_each(
            {name: name in raised for name in alarms.CHECKS}
        )
        yield from _queues()
        yield from _circuits()

    def _work(self) -> Iterator[Metric]:
        due, failing = figures.due_work(self._now), figures.failing_work(self._now)
        kinds = (*KINDS, figures.UNKNOWN_KIND)
        yield _gauge("work_due", "Pieces of work that are due.", "kind").of_each(
            {kind: due.by_kind.get(kind, 0) for kind in kinds}
        )
        yield _gauge("work_oldest_due_seconds", "For how long the oldest due work has been due.").of(
            due.oldest_seconds(self._now)
        )
        yield _gauge("work_failing", "Pieces of work tried WORK_ATTEMPTS_MAX times or more.", "kind").of_each(
            {kind: failing.get(kind, 0) for kind in kinds}
        )

    def _events_and_sweeps(self) -> Iterator[Metric]:
        yield _gauge("webhook_events_dead", "Webhook events that wait to be redriven.").of(
            figures.dead_webhook_events()
        )
        last_sweep_seconds = figures.last_sweep_seconds(self._now, self._limits)
        if last_sweep_seconds is not None:
            yield _gauge("last_sweep_age_seconds", "How long ago a sweep last finished.").of(
                last_sweep_seconds
            )


class _Gauge(GaugeMetricFamily):
    """A gauge with one value, or with one for each value of its label."""

    def of(self, value: float) -> Metric:
        """Return the gauge with its one value."""
        self.add_metric([], value)
        return self

    def of_each(self, values: dict[str, int] | dict[str, bool]) -> Metric:
        """Return the gauge with a value for each value of its label."""
        for label, value in values.items():
            self.add_metric([label], value)
        return self


def _gauge(name: str, about: str, *labels: str) -> _Gauge:
    return _Gauge(f"{PREFIX}_{name}", about, labels=labels)


def _queues() -> Iterator[Metric]:
    client: redis.Redis = current_app.extensions[REDIS_CLIENT]
    try:
        with client.pipeline(transaction=False) as pipeline:
            for queue in ALL_QUEUES:
                pipeline.llen(queue)
            lengths = dict(zip(ALL_QUEUES, pipeline.execute(), strict=True))
    except redis.RedisError as error:
        log.warning("metrics.redis_away", error=type(error).__name__)
        lengths = {}
    yield _gauge("redis_up", "Whether Redis answers.").of(bool(lengths))
    if lengths:
        yield _gauge("queue_messages", "Messages that no worker has taken yet.", "queue").of_each(lengths)


def _circuits() -> Iterator[Metric]:
    """The breakers of this web process. Each process has its own, and workers answer no scrapes."""
    gauge = _gauge(
        "provider_circuit", "The state of this web process's circuit to the provider.", "call", "state"
    )
    for call, now in services().runtime.provider_circuits().items():
        for state in CIRCUIT_STATES:
            gauge.add_metric([call, state], state == now)
    yield gauge
