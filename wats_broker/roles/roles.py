"""Which role does what.

                    reserve  offer  lease, settle  tokens of the door  switches
    watch              x       x
    convert            x       x
    upload                            x
    poll               x
    beat
    archive
    control            x                                  x                x
    line: all of these, for a machine that runs all stages as one user

Lending and settling need ``leased`` and ``tokens``, which only upload may change; reserving needs
``reserved``, which upload may only look at. What this is good for, and what not, is told in
``docs/explanation/threat-model.md``.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from wats_broker.names import Keys, Stage
from wats_broker.roles.celerys import Celerys
from wats_broker.roles.ours import Ours
from wats_broker.roles.rights import Rights, all_of, of_commands


class Role(StrEnum):
    """A user of the broker."""

    WATCH = "watch"
    CONVERT = "convert"
    UPLOAD = "upload"
    POLL = "poll"
    BEAT = "beat"
    ARCHIVE = "archive"
    CONTROL = "control"
    LINE = "line"  #: a machine with all of these
    FLOWER = "flower"
    EXPORTER = "exporter"  #: health checks, and what measures the server itself
    ADMIN = "admin"  #: people, backups


def rights(role: Role, keys: Keys, *, database: int = 0) -> Rights | None:
    """What a role may do in one factory; None for one that may do everything."""
    if role is Role.ADMIN:
        return None
    if role is Role.LINE:
        return all_of(stage(keys, database) for stage in _STAGES.values())
    return {**_STAGES, Role.FLOWER: _flower, Role.EXPORTER: _exporter}[role](keys, database)


def _watch(keys: Keys, database: int) -> Rights:
    ours, celery = Ours(keys), Celerys(keys, database)
    return all_of(
        [
            celery.connects(),
            celery.sends("convert*", "upload"),
            ours.lives(),
            ours.holds(keys.watch_lease("*")),
            ours.queue("reserve release rooms offer census"),
            ours.queue_looks("zscore", "ready", "leased", "delayed", "held", "buried", "delivered"),
            ours.journal("seen record"),
            ours.standing(),
            ours.sent(),
            ours.troubles(),
            ours.switches_reads(),
        ]
    )


def _convert(keys: Keys, database: int) -> Rights:
    ours, celery = Ours(keys), Celerys(keys, database)
    return all_of(
        [
            celery.connects(),
            celery.takes("convert*"),
            celery.sends("upload"),
            celery.acknowledges(),
            celery.works(Stage.CONVERT),
            ours.lives(),
            ours.queue("offer release"),
            ours.journal("seen take renew give_back record runs"),
            ours.standing(),
            ours.parks(),
            ours.board_reads(),
            ours.switches_reads(),
        ]
    )


def _upload(keys: Keys, database: int) -> Rights:
    ours, celery = Ours(keys), Celerys(keys, database)
    return all_of(
        [
            celery.connects(),
            celery.takes("upload"),
            celery.works(Stage.UPLOAD),
            ours.lives(),
            ours.queue("lease renew done later bury wake gate census"),
            ours.queue_changes("blpop zrem hsetnx hdel", "bell", "drains", "lane"),
            ours.journal("record"),
            ours.standing(),
            ours.parks(),
            ours.board_writes(),
        ]
    )


def _poll(keys: Keys, database: int) -> Rights:
    ours, celery = Ours(keys), Celerys(keys, database)
    return all_of(
        [
            celery.connects(),
            celery.takes("poll"),
            celery.sends("convert*", "poll"),
            celery.works(Stage.POLL),
            ours.lives(),
            ours.queue("reserve release census"),
            ours.journal("seen record"),
            ours.standing(),
            ours.sent(),
            ours.troubles(),
            ours.polls("begin renew finish tick"),
            ours.parks(),
            ours.switches_reads(),
        ]
    )


def _beat(keys: Keys, database: int) -> Rights:
    ours, celery = Ours(keys), Celerys(keys, database)
    return all_of(
        [
            celery.connects(),
            celery.sends("poll"),
            ours.lives(),
            ours.holds(keys.beat()),
            ours.polls("tick"),
            ours.switches_reads(),
        ]
    )


def _archive(keys: Keys, _: int) -> Rights:
    ours = Ours(keys)
    return all_of(
        [
            of_commands("ping info select client|setname client|setinfo"),
            ours.lives(),
            ours.holds(keys.archiving()),
            ours.journal_looks(),
        ]
    )


def _control(keys: Keys, database: int) -> Rights:
    ours, celery = Ours(keys), Celerys(keys, database)
    return all_of(
        [
            celery.connects(),
            celery.sends("convert*", "upload", "poll"),
            ours.lives(),
            ours.knows_the_fleet(),
            ours.holds(keys.duties()),
            ours.queue("census reserve release requeue wake gate"),
            ours.queue_looks("zrange zscore hget hmget hgetall", *_QUEUE_SHOWN),
            ours.queue_changes("zrem hdel hsetnx", "buried", "buried_info", "delivered", "lane"),
            ours.journal("seen record"),
            ours.journal_looks(),
            ours.parked(),
            ours.notes_the_trend(),
            ours.sent(),
            ours.polls("tick"),
            ours.board_reads(),
            ours.observes(),
            ours.switches_turns(),
            ours.keeps_the_door(),
        ]
    )


def _flower(keys: Keys, database: int) -> Rights:
    celery = Celerys(keys, database)
    return celery.connects() | celery.listens()


def _exporter(_: Keys, __: int) -> Rights:
    return of_commands(
        "ping info select dbsize client|setname client|setinfo latency|latest latency|histogram slowlog|len"
    )


_QUEUE_SHOWN: Final = (
    "items",
    "ready",
    "leased",
    "delayed",
    "held",
    "buried",
    "buried_info",
    "delivered",
    "lane",
    "metrics",
)
_STAGES: Final[Mapping[Role, Callable[[Keys, int], Rights]]] = MappingProxyType(
    {
        Role.WATCH: _watch,
        Role.CONVERT: _convert,
        Role.UPLOAD: _upload,
        Role.POLL: _poll,
        Role.BEAT: _beat,
        Role.ARCHIVE: _archive,
        Role.CONTROL: _control,
    }
)
