"""``/sources``: where files come from, when the last one came, and a switch for each."""

from fastapi import APIRouter

from wats_broker.switches import Kind
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import SourceName, Why
from wats_worker.control.models.converters import Switched
from wats_worker.control.models.status import SourceLine, Sources
from wats_worker.settings import Source


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/sources", tags=["sources"])

    @rooms.get("")
    def sources(_: Reads) -> Sources:
        """List all sources: the last file of each, who watches it, and what is wrong in its folder."""
        return tell(desk)

    @rooms.post("/{name}/pause")
    def pause(name: SourceName, why: Why, who: Operates) -> Switched:
        """Take nothing more from a source. Its files wait where they are."""
        _is_known(desk, name)
        if not desk.switches.turn_off(Kind.SOURCE, name, who=who.name, reason=why.reason):
            raise problems.conflict("too much is switched off", fix="switch something on again")
        desk.did("source_paused", who.name, name, reason=why.reason)
        return Switched(name=name, on=False, changed=True)

    @rooms.post("/{name}/resume")
    def resume(name: SourceName, who: Operates) -> Switched:
        """Go on taking files from a source."""
        changed = desk.switches.turn_on(Kind.SOURCE, name)
        if not changed:
            _is_known(desk, name)
        desk.did("source_resumed", who.name, name)
        return Switched(name=name, on=True, changed=changed)

    return rooms


def tell(desk: Desk) -> Sources:
    """All sources."""
    now, last, off = desk.journal.time(), desk.journal.last_files(), desk.switches.off(Kind.SOURCE)
    known = desk.settings.all_sources()
    watching = desk.watching.holders([source.name for source in known])
    lines = []
    for source in known:
        name, watched = source.name, isinstance(source, Source)
        silence_s = max(0.0, now - last[name].at) if name in last else None
        lines.append(
            SourceLine(
                name=name,
                kind="watched" if watched else "scheduled",
                folder=str(source.folder) if isinstance(source, Source) else None,
                converter=source.converter,
                paused=off.get(name),
                last_file=last.get(name),
                silence_s=silence_s,
                silent=name not in off and silence_s is not None and silence_s > source.silent_s,
                watched_by=watching.get(name),
                troubles=desk.journal.troubles(name)[:100],
            )
        )
    return Sources(sources=lines, at=now)


def _is_known(desk: Desk, name: str) -> None:
    known = [source.name for source in desk.settings.all_sources()]
    if name not in known:
        raise problems.not_found(
            f"there is no source {name!r}", fix=f"there is {', '.join(known) or 'none at all'}"
        )
