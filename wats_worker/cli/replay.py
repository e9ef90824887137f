"""``wats-worker replay``: files once more, out of quarantine or out of the archive."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wats_worker.cli.common import Config, Exit, door, fail, problems, say
from wats_worker.cli.files import When, checked, moment
from wats_worker.cli.replays import watch
from wats_worker.control.models.jobs import JobWanted
from wats_worker.control.models.replays import Replayed

if TYPE_CHECKING:
    from wats_worker.control.client import Client

#: Seconds after which a full queue is asked again.
_AGAIN_S: Final = 5.0


class Version(StrEnum):
    """Which version of a converter."""

    TODAY = "today"
    RECORDED = "recorded"


Converter = Annotated[str | None, typer.Option(help="Who converts it. Else whoever its source says.")]


def replay(
    file_ids: Annotated[
        list[str] | None,
        typer.Argument(help="Files; of a quarantined one, a unique beginning of its id is enough."),
    ] = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Delivered files, out of the archive, under the same ids.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="With --archive: all files of this source.")] = None,
    since: When = None,
    until: When = None,
    serial: Annotated[
        str | None, typer.Option(help="With --compare: all files with a unit of this serial number.")
    ] = None,
    converter: Converter = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="With --archive: only tell what would be different.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--compare-and-send", help="The same, and send what is different again.")
    ] = False,
    version: Annotated[
        Version, typer.Option(help="With --compare: by today's converter, or by the version of then.")
    ] = Version.TODAY,
    per_minute: Annotated[
        int, typer.Option(min=1, max=6000, help="With --compare: files in a minute, at most.")
    ] = 60,
    wait: Annotated[bool, typer.Option(help="With --compare: show how far it is until it is over.")] = True,
    reason: Annotated[str, typer.Option(help="Stands in the journal.")] = "by an operator",
    config: Config = None,
) -> None:
    """Convert files again: quarantined ones after the cause is mended, or with --archive delivered ones.

    What comes out of the archive waits behind everything that comes in. --since and --until mean when a file
    was taken in. Comparing is done by the line, at its own pace: 'wats-worker replays' shows how far it is.
    """
    given = file_ids or []
    if compare or send:
        if not archive:
            fail("--compare and --compare-and-send are for --archive")
        if not (given or source or since or serial):
            fail("say which: file ids, --source, --since, or --serial")
        wanted = {
            "file_ids": [checked(file_id) for file_id in given],
            "source": source,
            "since": moment(since),
            "until": moment(until),
            "serial": serial,
            "version": version.value,
            "converter": converter,
            "mode": "send" if send else "compare",
            "per_minute": per_minute,
            "reason": reason,
        }
        with door(config) as control:
            job = control.create_replay_job(JobWanted.model_validate(wanted))
            say(f"replay {job.id}")
            if wait:
                watch(control, job)
        return
    if not archive:
        if not given or source or since or until:
            fail("name the quarantined files; --source, --since and --until are for --archive")
        with door(config) as control:
            for file_id in given:
                file = control.replay(checked(file_id), converter=converter, reason=reason)
                say(f"{file.name} is on its way again")
        return
    if not (given or source or since):
        fail("say which: file ids, --source, or --since")
    with door(config) as control:
        skipped = _replay_archive(
            control,
            reason=reason,
            file_ids=[checked(file_id) for file_id in given],
            source=source,
            since=moment(since),
            until=moment(until),
            converter=converter,
        )
    if skipped:
        raise typer.Exit(Exit.ATTENTION)


def _replay_archive(
    control: "Client",
    *,
    reason: str,
    file_ids: list[str],
    source: str | None,
    since: float | None,
    until: float | None,
    converter: str | None,
) -> int:
    after, count, skipped = "", 0, 0
    while True:
        done: Replayed = control.replay_archive(
            reason=reason,
            file_ids=file_ids,
            source=source,
            since=since,
            until=until,
            converter=converter,
            after=after,
        )
        count, skipped = count + len(done.replayed), skipped + len(done.skipped)
        for one in done.skipped:
            problems.print(f"{one.file_id}: {one.reason}", style="yellow", highlight=False, markup=False)
        if done.full:
            problems.print(f"{count} so far; the upload queue is full, so the rest waits", highlight=False)
            time.sleep(_AGAIN_S)
        elif not done.next:
            break
        after = done.next
    say(f"{count} file(s) are on their way again")
    return skipped
