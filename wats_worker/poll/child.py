"""The process a poller runs in: ``python -m wats_worker.poll.child``. It is started for one poll.

Whatever the poller does to it, hang, crash, or eat its memory, ends with it; and it ends with the worker that
started it. It says what there is and puts what is wanted where it is told to. See ``wire`` for the words.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from wats_broker.files import new_file
from wats_worker.child import die_with_parent
from wats_worker.poll import wire
from wats_worker.poll.loading import load
from wats_worker.poll.memory import SMALL
from wats_worker.pollers.base import Item, More, NotYet, Unreachable

_CHUNK: Final = 1 << 20
_LONGEST_REASON: Final = 2000


class _Failed(Exception):
    """The poll can't go on, and what may help."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.fix = fix


def main() -> None:
    """Read the order, poll, and say how it ended."""
    die_with_parent(signal.SIGKILL)
    with suppress(OSError):  # where memory runs short, it is this process that goes
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    # What the poller prints is no answer of ours.
    said = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    pipe = _Pipe(sys.stdin.buffer, said)
    order = wire.Order(**pipe.hear())
    try:
        pipe.say(end=_Poll(order, pipe).run())
    except _Failed as failed:
        pipe.say(failed={"reason": str(failed), "fix": failed.fix})
    except Unreachable as away:
        pipe.say(failed={"reason": away.reason[:_LONGEST_REASON], "fix": away.fix})
    except Exception as error:  # noqa: BLE001 - the poller is somebody else's code, and may raise anything
        pipe.say(failed={"reason": _told(error), "fix": "mend the poller, or tell its author"})


class _Pipe:
    """Our end."""

    def __init__(self, heard: BinaryIO, said: BinaryIO) -> None:
        self._heard = heard
        self._said = said

    def hear(self) -> dict[str, Any]:
        """What the worker says. When it says nothing more, there is nothing more to do."""
        line = self._heard.readline()
        if not line:
            raise SystemExit(0)
        return dict(json.loads(line))

    def say(self, **message: Any) -> None:
        line = wire.line(message)
        if len(line) > wire.LONGEST:
            raise _Failed("an item has a key, a name or a cursor that is too large", "mend the poller")
        self._said.write(line)


class _Poll:
    """One poll."""

    def __init__(self, order: wire.Order, pipe: _Pipe) -> None:
        self._order = order
        self._pipe = pipe
        self._known = frozenset(order.known)
        self._seen: set[str] = set()

    def run(self) -> dict[str, Any]:
        """Offer everything; how it ended."""
        cursor = self._order.cursor
        items = self._items()
        while True:
            try:
                item = next(items)
            except StopIteration as end:
                more = isinstance(end.value, More)
                cursor = cursor if more or end.value is None else end.value
                return {"cursor": cursor, "more": more, "offered": len(self._seen), "seen": self._note_seen()}
            cursor = cursor if item.cursor is None else item.cursor
            self._offer(item)

    def _items(self) -> Generator[Item, None, Any]:
        module = load(self._order.poller)
        try:
            options = module.Options.model_validate(self._order.options)
        except ValidationError as error:
            # Without the value: it may be a secret.
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(("poller_options", *map(str, first["loc"])))
            raise _Failed(f"{where}: {first['msg']}", "see 'wats-worker config check'") from None
        items: Generator[Item, None, Any] = module.poll(options, self._order.cursor)
        return items

    def _offer(self, item: Item) -> None:
        digest = wire.digest(item.key)
        self._seen.add(digest)
        if digest in self._known:
            return
        self._pipe.say(offer={"key": item.key, "name": item.name, "cursor": item.cursor})
        place = Path(self._pipe.hear()["land"])
        try:
            size = self._land(item, place)
        except NotYet as not_yet:
            place.unlink()
            self._pipe.say(not_yet=not_yet.reason)
        else:
            self._pipe.say(landed=size)

    def _land(self, item: Item, place: Path) -> int:
        size = 0
        with new_file(place) as target:
            if isinstance(item.content, bytes):
                size = self._checked(len(item.content), item)
                target.write(item.content)
            else:
                with item.content() as content:
                    while piece := content.read(_CHUNK):
                        size = self._checked(size + len(piece), item)
                        target.write(piece)
            if item.modified is not None:
                target.flush()
                os.utime(target.fileno(), (item.modified.timestamp(), item.modified.timestamp()))
        return size

    def _checked(self, size: int, item: Item) -> int:
        if size > self._order.largest:
            limit = self._order.largest // 2**20
            raise _Failed(f"{item.name!r} is larger than {limit} MB", "raise largest_mb, or leave it out")
        return size

    def _note_seen(self) -> bool:
        """When most of what is known is not offered any more, say what still is."""
        if len(self._known) <= max(SMALL, 2 * len(self._seen)):
            return False
        with new_file(Path(self._order.seen_file)) as target:
            target.writelines(f"{digest}\n".encode() for digest in self._seen)
        return True


def _told(error: Exception) -> str:
    """An exception in one line, with the place in the poller where it was raised."""
    trace = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(trace[-1].filename).name}, line {trace[-1].lineno})" if trace else ""
    return f"{type(error).__name__}: {str(error)[:_LONGEST_REASON]}{place}"


if __name__ == "__main__":
    main()
