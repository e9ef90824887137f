"""What Celery and kombu do at the broker in our name.

Told by watching them: ``tests/e2e/test_roles.py`` runs a whole line under these rights, so a release of
theirs that wants another one is noticed.
"""

from collections.abc import Iterable
from typing import Final

from wats_broker.names import Keys, Stage, celery_queue
from wats_broker.roles.rights import Rights, of_channel, of_commands

_HEAR: Final = "psubscribe punsubscribe subscribe unsubscribe"


class Celerys:
    """Celery's rights in one factory.

    Args:
        keys: The factory's key layout.
        database: Its number. Kombu has it in the names of its channels, and a server wants those that are
            listened to as a pattern spelled out.
    """

    def __init__(self, keys: Keys, database: int) -> None:
        self._prefix = keys.celery_prefix()
        self._channels = f"{self._prefix}/{database}."

    def connects(self) -> Rights:
        """What every connection does."""
        return of_commands("ping info multi exec discard select client|setname client|setinfo")

    def sends(self, *pools: str) -> Rights:
        """Put messages into these pools' queues, and count those that wait there."""
        return of_commands("lpush llen", changes=self._queues(pools))

    def takes(self, *pools: str) -> Rights:
        """Take messages out of them, and put back what is not to be done now."""
        return of_commands("brpop lpush rpush llen", changes=self._queues(pools))

    def acknowledges(self) -> Rights:
        """Take note of messages that are in hand, and hand out again those of the dead."""
        lock = of_commands(
            "set get del evalsha script|load script|exists", changes=[self._prefix + "unacked_mutex"]
        )
        notes = of_commands(
            "zadd zrem zrange zrangebyscore zrevrangebyscore hset hget hdel watch unwatch",
            changes=[self._prefix + "unacked", self._prefix + "unacked_index"],
        )
        return lock | notes

    def works(self, stage: Stage) -> Rights:
        """Tell of events, and listen to what is asked of all workers, in a mailbox of its own."""
        mailbox = f"{self._prefix}{stage}@*.celery.pidbox*"
        return (
            self.tells()
            | self._binds()
            | of_commands(f"{_HEAR} pexpire llen del", changes=[mailbox])
            | of_channel(self._channels + "celery.pidbox")
        )

    def tells(self) -> Rights:
        """Tell of events."""
        return of_commands("publish") | of_channel(self._channels + "celeryev/*")

    def listens(self) -> Rights:
        """Hear of events, and count what waits; nothing can be asked of a worker, and nothing be sent."""
        return (
            self._binds()
            | of_commands(f"{_HEAR} pexpire llen del", changes=[self._prefix + "celeryev.*"])
            | of_commands("llen", looks=[self._prefix + "*"])
            | of_channel(self._channels + "celeryev/*")
        )

    def _binds(self) -> Rights:
        """Enter a queue in kombu's tables of who hears what, and take it out again."""
        return of_commands(
            "sadd srem smembers scard evalsha script|load script|exists "
            "time exists del pexpire persist zadd zrem zrangebyscore",
            changes=[self._prefix + "_kombu.binding*"],
        )

    def _queues(self, pools: Iterable[str]) -> list[str]:
        # A list per priority: the name, and for all but the soonest something behind it.
        return [f"{self._prefix}{celery_queue(pool)}*" for pool in pools]
