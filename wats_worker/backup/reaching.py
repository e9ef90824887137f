"""The broker, for as long as a copy takes: the one that runs, or the embedded one, started for it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from redis import Redis
from redis.exceptions import RedisError

from wats_broker.connection import connect, reach
from wats_broker.errors import BrokerError
from wats_broker.settings import BrokerSettings


@contextmanager
def reached(settings: BrokerSettings) -> Iterator[Redis]:
    """A client of the broker. Where it is embedded and nobody runs it, it runs until the end of this.

    Raises:
        wats_broker.errors.BrokerError: it can't be had.
    """
    with ExitStack() as stack:
        if settings.embedded_folder is not None and not _answers(settings):
            from wats_broker.embedded.server import EmbeddedServer  # noqa: PLC0415  needs a Unix

            stack.enter_context(EmbeddedServer(settings.embedded_folder, fsync="always"))
        yield stack.enter_context(reach(settings))


def _answers(settings: BrokerSettings) -> bool:
    try:
        with connect(settings) as redis:
            return bool(redis.ping())
    except (BrokerError, RedisError):
        return False
