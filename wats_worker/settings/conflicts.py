"""Contradictions that no single key shows: two settings that are fine alone and wrong together."""

from collections.abc import Iterator, Sequence
from itertools import chain, permutations

from wats_worker.settings.lines import Loc
from wats_worker.settings.mistakes import Mistake
from wats_worker.settings.schema import WorkerSettings
from wats_worker.settings.sources import AnySource, Source

#: Post actions that touch the file in the watch folder's stead, which "keep" mode promises not to do.
_TAKES_THE_FILE_AWAY = frozenset({"move", "delete", "zip"})


def conflicts(settings: WorkerSettings) -> Iterator[Mistake]:
    """Every contradiction in ``settings``; the places are filled in by whoever knows the file."""
    yield from _names(settings)
    yield from _watch_folders(settings)
    yield from _own_folders(settings)
    yield from _stores(settings)
    for at, source in _placed(settings):
        for key, what, fix in chain(_post_action(source), _pool(source, settings)):
            yield Mistake((*at, key), what, fix)
    yield from _done_folders(settings)
    yield from _times(settings)
    yield from _confidence(settings)


def _placed(settings: WorkerSettings) -> Iterator[tuple[Loc, AnySource]]:
    """Every source and where it stands."""
    yield from ((("sources", position), source) for position, source in enumerate(settings.sources))
    yield from ((("scheduled", position), source) for position, source in enumerate(settings.scheduled))


def _names(settings: WorkerSettings) -> Iterator[Mistake]:
    first: dict[str, str] = {}
    for at, source in _placed(settings):
        if source.name in first:
            yield Mistake(
                (*at, "name"),
                f"{source.name!r} is already the name of {first[source.name]}",
                "give each source its own name; it is part of every file's identity",
            )
        else:
            table, position = at
            kind = "source" if table == "sources" else "scheduled source"
            first[source.name] = f"{kind} #{int(position) + 1}"


def _watch_folders(settings: WorkerSettings) -> Iterator[Mistake]:
    for (outer_at, outer), (inner_at, inner) in permutations(enumerate(_real(settings.sources)), 2):
        loc = ("sources", inner_at, "folder")
        if outer.folder == inner.folder:
            if outer_at < inner_at:
                yield Mistake(
                    loc,
                    f"is the folder of source {outer.name!r} too",
                    "give each source its own folder, or make one source of both",
                )
        elif outer.recursive and inner.folder.is_relative_to(outer.folder):
            yield Mistake(
                loc,
                f"lies inside the folder of source {outer.name!r}, which is recursive",
                f"move it elsewhere, or set recursive = false for {outer.name!r}",
            )


def _own_folders(settings: WorkerSettings) -> Iterator[Mistake]:
    own = {
        ("spool", "folder"): settings.spool.folder,
        ("archive", "folder"): settings.archive.folder,
        ("broker", "url"): settings.broker.embedded_folder,
        ("sandbox", "scratch"): settings.sandbox.scratch,
        ("convert", "plugins"): settings.convert.plugins,
        ("poll", "plugins"): settings.poll.plugins,
    }
    for loc, folder in own.items():
        if folder is None:
            continue
        real = folder.resolve()
        for source in _real(settings.sources):
            if real.is_relative_to(source.folder) or source.folder.is_relative_to(real):
                yield Mistake(
                    loc,
                    f"{folder} and the watch folder of source {source.name!r} lie inside each other",
                    "keep what the worker writes and runs apart from what it watches",
                )


def _stores(settings: WorkerSettings) -> Iterator[Mistake]:
    spool, archive = settings.spool, settings.archive
    if spool.url is None or archive.url is None or spool.endpoint != archive.endpoint:
        return
    one, other = f"{spool.url}/", f"{archive.url}/"
    if one.startswith(other) or other.startswith(one):
        fix = "give each its own place, such as s3://bucket/spool and s3://bucket/archive"
        yield Mistake(("archive", "url"), f"{archive.url} is or holds the place of the spool", fix)


def _post_action(source: AnySource) -> Iterator[tuple[str, str, str]]:
    if isinstance(source, Source):
        yield from _mode(source)
        yield from _unit(source)
    if source.after in {"move", "zip"} and source.done_folder is None:
        yield "after", f'"{source.after}" needs a folder to put the files into', "set done_folder"
    if source.after not in {"move", "zip"} and source.done_folder is not None:
        yield "done_folder", f'has no effect with after = "{source.after}"', 'set after = "move" or "zip"'


def _mode(source: Source) -> Iterator[tuple[str, str, str]]:
    if source.mode != "move" and source.after in _TAKES_THE_FILE_AWAY:
        what = f'"{source.after}" contradicts mode "{source.mode}"'
        yield "after", what, 'use after = "archive", or mode = "move"'
    if source.mode == "move" and source.after == "keep":
        yield "after", '"keep" contradicts mode "move"', 'set mode = "keep" as well'
    if source.mode != "grow" and source.grow is not None:
        yield "grow", f'has no effect with mode "{source.mode}"', 'set mode = "grow"'
    if source.mode == "grow" and source.marker is not None:
        yield "marker", "a file that grows is never finished", "remove it"


def _unit(source: Source) -> Iterator[tuple[str, str, str]]:
    if source.unit in {None, "file"}:
        if source.unit_members:
            yield "unit_members", "a unit is one file here", 'set unit = "folder" or "stem", or remove it'
        return
    if source.mode == "grow":
        yield "unit", "several files can't be one that grows", 'use mode = "move" or "keep"'
    if source.recursive:
        yield (
            "recursive",
            f'contradicts unit = "{source.unit}"',
            "make a source of each folder that has units",
        )


def _pool(source: AnySource, settings: WorkerSettings) -> Iterator[tuple[str, str, str]]:
    if source.pool not in settings.pool_names():
        known = ", ".join(settings.pool_names())
        yield (
            "pool",
            f"there is no pool {source.pool!r}",
            f'add [pools."{source.pool}"], or use one of: {known}',
        )


def _done_folders(settings: WorkerSettings) -> Iterator[Mistake]:
    takers = _real(settings.sources)
    for at, giver in _placed(settings):
        if giver.done_folder is None:
            continue
        done = giver.done_folder.resolve()
        for taker in takers:
            if done == taker.folder or (taker.recursive and done.is_relative_to(taker.folder)):
                yield Mistake(
                    (*at, "done_folder"),
                    f"is watched by source {taker.name!r}, which would take the files again",
                    "choose a folder that no source watches",
                )


def _times(settings: WorkerSettings) -> Iterator[Mistake]:
    slowest = max(settings.pool_names(), key=settings.longest_wall_s)
    least = 2 * settings.longest_wall_s(slowest)
    if settings.broker.visibility_timeout_s < least:
        yield Mistake(
            ("broker", "visibility_timeout_s"),
            f"Celery would send a file again while pool {slowest!r} may still be converting it",
            f"make it at least {least:g}, twice the longest wall_s there",
        )


def _confidence(settings: WorkerSettings) -> Iterator[Mistake]:
    if settings.convert.alarm_below < settings.convert.reject_below:
        yield Mistake(
            ("convert", "alarm_below"),
            "is less than reject_below, so it never takes effect",
            f"make it at least {settings.convert.reject_below:g}",
        )


def _real(sources: Sequence[Source]) -> list[Source]:
    """The same with symbolic links followed, so that two ways to one folder are seen as one."""
    return [source.model_copy(update={"folder": source.folder.resolve()}) for source in sources]
