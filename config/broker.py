"""The queue's connection to Redis, as kombu makes it, but for two mistakes that would end a worker. Imports
no code of ours."""

from typing import Any

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

    def ack(self, delivery_tag: Any) -> None:
        """Tell Redis that a message has been worked on, unless the connection by which it came is gone.

        The worker has another connection by then, and a task that took longer ends after that. kombu's own
        version raises an AttributeError, and the worker ends. The message comes back, and there is nothing
        left to do.
        """
        if not self._is_given_up():
            super().ack(delivery_tag)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """Tell Redis that a message has not been worked on, as far as it can be told: see ack."""
        if not self._is_given_up():
            super().reject(delivery_tag, requeue=requeue)

    def _is_given_up(self) -> bool:
        if self.channel.connection is not None:
            return False
        log.warning("broker.message_not_acknowledged")
        return True


class Channel(kombu_redis.Channel):
    """A channel that is closed without raising."""

    QoS = QoS


class Transport(kombu_redis.Transport):
    """The transport for redis:// and rediss:// addresses."""

    Channel = Channel
