"""What may be in Redis when everything is at rest: nothing that is neither bounded nor expiring."""

import re
import time

from redis.exceptions import RedisError

from wats_worker.app.line import Line

#: Bounded by their nature, or by the script that writes them.
_BOUNDED = re.compile(
    r"\{wats:v1\}:(queue:(delivered|sequence|steady|metrics)|journal:(counters|metrics|recent|tail|parked|sources|trouble:.*|runs.*)|board|switches|access:(tokens|notes))"
    # Celery's own: who can be asked for `inspect`, pruned by it after an hour.
    r"|wats:celery:_kombu\.binding.*"
)
#: The record of a file that waits for a person stays as long as it waits.
_RECORD = re.compile(r"\{wats:v1\}:(file|story):([0-9a-f]{32})")
#: Messages in the hands of workers, and since when. What a dead one held is handed out again after the visibility
#: time-out (``test_dispatch`` shows it), which is longer than a storm. So it may be here, but not for longer than that.
_UNACKED, _SINCE = "wats:celery:unacked", "wats:celery:unacked_index"
#: Seconds that handing out again may be late.
_LATE_S = 30.0


def stray_keys(line: Line, *, patience_s: float) -> list[str]:
    """Keys that should not be there, if they don't go within a while."""
    end = time.monotonic() + patience_s
    while found := _stray(line):
        if time.monotonic() > end:
            return found
        time.sleep(0.5)
    return []


def _stray(line: Line) -> list[str]:
    try:
        return [
            f"key {key} is still there"
            for key in line.redis.scan_iter(count=1000)
            if not _may_stay(line, key)
        ]
    except RedisError as error:
        return [f"the keys could not be read: {error}"]


def _may_stay(line: Line, key: str) -> bool:
    if _BOUNDED.fullmatch(key):
        return True
    if key in {_UNACKED, _SINCE}:
        return _will_go(line)
    if record := _RECORD.fullmatch(key):
        file = line.journal.file(record[2])
        if file is not None and file.state == "quarantined":
            return True
    return int(line.redis.pttl(key)) > 0


def _will_go(line: Line) -> bool:
    """Whether every message that nobody has acknowledged has a time at which it is handed out again."""
    timeout_s = line.celery.conf.broker_transport_options["visibility_timeout"]
    since = dict(line.redis.zrange(_SINCE, 0, -1, withscores=True))
    return since.keys() == set(line.redis.hkeys(_UNACKED)) and all(
        time.time() - at < timeout_s + _LATE_S for at in since.values()
    )
