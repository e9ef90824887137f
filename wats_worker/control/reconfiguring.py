"""A changed configuration, from the text that somebody sent to the line that takes it up.

secrets put back ──► mistakes? ──► can it be live? ──► would it run here? ──► file ──► supervisor

Everything that can say no comes before the file is touched; ``settings.changing`` replaces that in one step.
"""

from pathlib import Path

from wats_broker.files import Occupied
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.models.configuration import Applied, Change, Found, Meant
from wats_worker.control.problems import Problem
from wats_worker.settings import Misconfigured, WorkerSettings, understand
from wats_worker.settings.changing import ChangedMeanwhile, mark, put
from wats_worker.settings.difference import difference
from wats_worker.settings.hiding import StillHidden, restored
from wats_worker.settings.load import parse, read
from wats_worker.settings.mistakes import Mistake, dotted


def change(desk: Desk, wanted: Change, *, seen: str, who: str) -> Applied:
    """Give the configuration another text, and have the line take it up.

    Args:
        desk: The line.
        wanted: The new text.
        seen: What ``If-Match`` said: the mark of the text that the new one was made from, or ``*``.
        who: Stands in the notes.

    Raises:
        Problem: it was not done, and nothing was changed.
    """
    file = _file(desk)
    before = _read(file)
    if seen not in {mark(before), "*"}:
        raise _stale()
    try:
        text = unmasked(wanted.text, before)
        new = understand(text, file, checks=desk.neighbours.checks)
    except Misconfigured as wrong:
        raise problems.invalid(
            "; ".join(map(str, wrong.mistakes)), fix="POST /api/v2/config/validate names them one by one"
        ) from None
    meant = meaning(desk, new)
    if meant.needs_restart and not wanted.restart:
        keys = "; ".join(f"{key} can't change now: {what}" for key, what in meant.needs_restart.items())
        raise Problem(409, "needs_restart", keys, fix="say restart to have it written all the same")
    if unfit := desk.neighbours.unfit(new):
        raise problems.conflict(unfit, fix="'wats-worker doctor' says what is missing on this machine")
    done = _put(desk, file, text, before)
    live = bool(meant.changed) and not meant.needs_restart and desk.neighbours.reload()
    if done.backup:
        desk.did("configuration_changed", who, ", ".join(meant.changed)[:400] or "no key", live=live)
    return done.model_copy(update={"meant": meant, "live": live})


def unmasked(text: str, before: str) -> str:
    """The text with what is masked in it as it stood before.

    Raises:
        Misconfigured: it is no TOML, or hides what was not there.
    """
    parse(text, None)
    try:
        return restored(text, before)
    except StillHidden as hides:
        what = "is masked, and this is not what was there"
        raise Misconfigured([Mistake(hides.loc, what, "write the secret, or what stood here")]) from None


def meaning(desk: Desk, new: WorkerSettings) -> Meant:
    """What a configuration without mistakes would change."""
    found = difference(desk.settings, new)
    return Meant(changed=list(found.keys), stages=list(found.stages), needs_restart=dict(found.refused))


def told(wrong: Misconfigured) -> list[Found]:
    """Every mistake, for programs and for people."""
    return [Found(place=one.place, key=dotted(one.loc), what=one.what, fix=one.fix) for one in wrong.mistakes]


def _put(desk: Desk, file: Path, text: str, before: str) -> Applied:
    try:
        done = put(file, text, checks=desk.neighbours.checks, seen=mark(before))
    except ChangedMeanwhile:
        raise _stale() from None
    except Occupied as busy:
        raise problems.conflict(str(busy), fix="try again when that is done") from None
    except OSError as error:
        why = f"{file} can't be written: {error.strerror}"
        raise problems.conflict(
            why, fix="change it where it comes from, or let us write to its folder"
        ) from None
    nothing = Meant(changed=[], stages=[], needs_restart={})
    backup = str(done.backup) if done.backup else None
    return Applied(meant=nothing, backup=backup, live=False, etag=mark(text))


def _file(desk: Desk) -> Path:
    if desk.config is None:
        raise problems.conflict(
            "the line runs without a configuration file", fix="write one, and start the line with --config"
        )
    return desk.config


def _read(file: Path) -> str:
    try:
        text = read(file)
        parse(text, file)
    except Misconfigured as wrong:
        fix = "on that machine: 'wats-worker config repair'"
        raise problems.conflict("; ".join(map(str, wrong.mistakes)), fix=fix) from None
    return text


def _stale() -> Problem:
    return Problem(
        412, "changed_meanwhile", "the file has another content than the one you changed", fix="look again"
    )
