"""What may be in Redis when everything is at rest: nothing that is neither bounded nor expiring."""

import re
import time

from redis.exceptions import RedisError

from wats_worker.app.line import Line

#: Bounded by their nature, or by the script that writes them.
_BOUNDED = re.compile(
    r"\{wats:v1\}:(queue:(delivered|sequence|steady)|journal:(counters|recent|tail|parked|trouble:.*))"
    # Celery's own: who can be asked for `inspect`, pruned by it after an hour.
    r"|wats:celery:_kombu\.binding.*"
)
#: The record of a file that waits for a person stays as long as it waits.
_RECORD = re.compile(r"\{wats:v1\}:(file|story):([0-9a-f]{32})")


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
    if record := _RECORD.fullmatch(key):
        file = line.journal.file(record[2])
        if file is not None and file.state == "quarantined":
            return True
    return int(line.redis.pttl(key)) > 0
