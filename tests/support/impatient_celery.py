"""The service's Celery application for a worker whose messages come back while they are still worked on."""

from celery_app import app

VISIBILITY_SECONDS = 1

app.conf.broker_transport_options |= {
    "visibility_timeout": VISIBILITY_SECONDS,
    "unacked_restore_interval": VISIBILITY_SECONDS / 2,
}
