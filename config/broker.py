"""The queue's connection to Redis, as kombu makes it, but for one mistake of kombu's that would end a worker.
Imports no code of ours."""

import structlog
from kombu.transport import redis as kombu_redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class QoS(kombu_redis.QoS):
    """Knows which messages are being worked on."""

    def restore_unacked(self, client: object = None) -> None:
        """Put them back into their queues, where that can be done.

        kombu tries it on every connection that it gives up, because Redis was lost, and even after it has
        forgotten where Redis is. Its own version raises an AttributeError then, which nobody expects, and the
        worker ends. The messages need no saving: they come back after the visibility timeout, and the sweep
        brings their work before that.
        """
        try:
            super().restore_unacked(client)
        except (RedisError, OSError, AttributeError) as error:
            log.warning("broker.messages_not_restored", error=type(error).__name__)


class Channel(kombu_redis.Channel):
    """A channel that is closed without raising."""

    QoS = QoS


class Transport(kombu_redis.Transport):
    """The transport for redis:// and rediss:// addresses."""

    Channel = Channel
