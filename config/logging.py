"""One JSON line per event, the same in every process. Binds ids, and keeps secrets and bodies out."""

import logging
import logging.config
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

SECRET_NAME = re.compile(
    r"password|secret|token|signature|authorization|cookie|card|cvv|number$|^body$", re.I
)
# Bearer tokens, key:secret@host in addresses, our API keys' secrets, cut off ones too, and anything that
# looks like a card number.
SECRET_TEXT = re.compile(
    r"(?i)bearer\s+\S+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=://)[^/\s:@]*:[^/\s]+(?=@)"
    r"|(?<![a-z0-9])sk_[a-z0-9]{16,}|\b\d(?:[ -]?\d){12,18}\b"
)
REDACTED = "[redacted]"


def redact(value: Any) -> Any:
    """Return the value with every secret-looking part replaced, in nested data too."""
    if isinstance(value, str):
        return SECRET_TEXT.sub(REDACTED, value)
    if isinstance(value, Mapping):
        return {k: REDACTED if SECRET_NAME.search(str(k)) else redact(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: value
        if key in ("timestamp", "level", "logger")
        else REDACTED
        if SECRET_NAME.search(key) and isinstance(value, str)
        else redact(value)
        for key, value in event.items()
    }


def configure(level: str, stream: Literal["stdout", "stderr"] = "stdout") -> None:
    """Set up structlog and the standard library's loggers to print redacted JSON lines to stdout, or to
    stderr in a command, whose stdout is its answer. Call it once when a process starts; calling it again
    changes nothing but the level and the stream."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer(sort_keys=False),
                    ],
                }
            },
            "handlers": {
                "console": {
                    "class": "logging.StreamHandler",
                    "stream": f"ext://sys.{stream}",
                    "formatter": "json",
                }
            },
            "root": {"handlers": ["console"], "level": level},
            "loggers": {
                # Chatty at INFO and of no use to an operator.
                "pymongo": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
                "fontTools": {"level": "WARNING"},
                "fpdf": {"level": "ERROR"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
            },
        }
    )
