"""``/quarantined`` and ``/replays``: files once more."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query

from wats_broker.states import FileState
from wats_worker.catalogue.finding import Wanted
from wats_worker.control import problems, replaying
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import FileBeginning
from wats_worker.control.models.files import FileLine, Files
from wats_worker.control.models.replays import Replayed, ReplayWanted, Skipped, With
from wats_worker.control.replaying import Full

#: Reasons that are told for files that do not go on.
_SKIPPED = 100


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(tags=["replays"])

    @rooms.get("/quarantined")
    def quarantined(
        _: Reads,
        count: Annotated[int, Query(ge=1, le=1000)] = 50,
        after: Annotated[str, Query(max_length=2000)] = "",
    ) -> Files:
        """List the files that no converter could turn into reports, the latest first."""
        return Files.found(desk.known().find(Wanted(state=FileState.QUARANTINED), count=count, after=after))

    @rooms.post("/quarantined/{file}/replay")
    def replay(file: FileBeginning, how: With, who: Operates) -> FileLine:
        """Convert a quarantined file again, by its source's converter or by another one."""
        file_id = desk.whole(file)
        _is_converter(desk, how.converter)
        replaying.from_quarantine(
            desk, file_id, converter=how.converter or "", who=who.name, reason=how.reason
        )
        desk.did("file_replayed", who.name, file_id, reason=how.reason)
        (record,) = desk.journal.records([file_id])
        if record is None:
            raise problems.conflict(
                f"the journal has just forgotten {file_id}", fix="it goes on all the same"
            )
        return FileLine.of(record)

    @rooms.post("/replays")
    def replays(wanted: ReplayWanted, who: Operates) -> Replayed:
        """Convert and send delivered files again, out of the archive.

        Their reports keep their ids, so the server replaces what it has. They wait behind everything that
        comes in. One answer is one portion: ask again with ``next`` until that is empty.
        """
        _is_converter(desk, wanted.converter)
        done = _portion(desk, wanted, who.name)
        if done.replayed:
            desk.did("files_replayed", who.name, f"{len(done.replayed)} files", reason=wanted.reason)
        return done

    return rooms


def _portion(desk: Desk, wanted: ReplayWanted, who: str) -> Replayed:
    done = Replayed(replayed=[], skipped=[], next="", full=False)
    last = wanted.after
    for file_id, fits in _candidates(desk, wanted):
        if fits:
            try:
                why_not = replaying.from_archive(
                    desk, file_id, converter=wanted.converter or "", who=who, reason=wanted.reason
                )
            except Full:
                return done.model_copy(update={"next": last, "full": True})
            if not why_not:
                done.replayed.append(file_id)
            elif len(done.skipped) < _SKIPPED:
                done.skipped.append(Skipped(file_id=file_id, reason=why_not))
        last = file_id
        if len(done.replayed) == wanted.most:
            break
    else:
        if wanted.file_ids or last == wanted.after:
            return done  # there was nothing more
    return done.model_copy(update={"next": last})


def _candidates(desk: Desk, wanted: ReplayWanted) -> Iterator[tuple[str, bool]]:
    """Ids in order, so that an answer can say where it ended."""
    if wanted.file_ids:
        yield from ((one, True) for one in sorted(set(wanted.file_ids)) if one > wanted.after)
    else:
        yield from replaying.in_archive(
            desk, source=wanted.source, since=wanted.since or 0.0, until=wanted.until, after=wanted.after
        )


def _is_converter(desk: Desk, name: str | None) -> None:
    if name in {None, "auto"}:
        return
    if name not in {card.name for card in desk.neighbours.converters() if card.state == "ready"}:
        raise problems.not_found(
            f"there is no converter {name!r} that could do it", fix="'wats-worker converters list' shows them"
        )
