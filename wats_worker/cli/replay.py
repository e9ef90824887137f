"""``wats-worker replay``: files once more, out of quarantine or out of the archive."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wats_worker.cli.common import Config, door, fail, say
from wats_worker.cli.files import (
    AT_HAND,
    Checksum,
    InState,
    Name,
    OfSource,
    Part,
    Report,
    Serial,
    Station,
    When,
    checked,
    moment,
)
from wats_worker.cli.replays import watch
from wats_worker.control.models.jobs import JobWanted, Mode

if TYPE_CHECKING:
    from wats_worker.control.client import Client

#: Digits of a whole file id.
_WHOLE: Final = 32


class Version(StrEnum):
    """Which version of a converter."""

    TODAY = "today"
    RECORDED = "recorded"


def replay(
    file_ids: Annotated[
        list[str] | None, typer.Argument(help="Files; a unique beginning of an id is enough.")
    ] = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Delivered files, out of the archive, under the same ids.")
    ] = False,
    find: Annotated[str, typer.Option(help=AT_HAND)] = "",
    serial: Serial = "",
    part: Part = "",
    name: Name = "",
    checksum: Checksum = "",
    report: Report = "",
    station: Station = "",
    source: OfSource = None,
    state: InState = None,
    since: When = None,
    until: When = None,
    converter: Annotated[
        str | None, typer.Option(help="Who converts it. Else whoever its source says.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="With --archive: only tell what would be different.")
    ] = False,
    compare_and_send: Annotated[
        bool, typer.Option("--compare-and-send", help="The same, and send what is different again.")
    ] = False,
    version: Annotated[
        Version, typer.Option(help="With --archive: by today's converter, or by the version of then.")
    ] = Version.TODAY,
    per_minute: Annotated[
        int, typer.Option(min=1, max=6000, help="With --archive: files in a minute, at most.")
    ] = 60,
    wait: Annotated[bool, typer.Option(help="With --archive: show how far it is until it is over.")] = True,
    reason: Annotated[str, typer.Option(help="Stands in the journal.")] = "by an operator",
    config: Config = None,
) -> None:
    """Convert files again: quarantined ones after the cause is mended, or with --archive delivered ones.

    Delivered files are named by their ids, or by the words of 'files find': what that finds in the archive.
    They wait behind everything that comes in. The line replays them at its own pace: 'wats-worker replays'
    shows how far it is.
    """
    given = [checked(one) for one in file_ids or []]
    words = {
        "find": find,
        "serial": serial,
        "part": part,
        "name": name,
        "sha256": checksum,
        "report": report,
        "station": station,
        "source": source,
        "state": state,
        "since": moment(since),
        "until": moment(until),
    }
    said = any(value not in {None, ""} for value in words.values())
    if archive:
        if bool(given) == said:
            fail("say which: either file ids, or words by which they are found, such as --source or --serial")
        mode = Mode.COMPARE_AND_SEND if compare_and_send else Mode.COMPARE if compare else Mode.SEND
        how = {"mode": mode, "version": version.value, "converter": converter, "per_minute": per_minute}
        _delivered(given, {**words, **how, "reason": reason}, config, wait=wait)
    elif not given or said or compare or compare_and_send or version is not Version.TODAY:
        fail("name the quarantined files; everything else is for --archive")
    else:
        _quarantined(given, converter, reason, config)


def _quarantined(file_ids: Sequence[str], converter: str | None, reason: str, config: Config) -> None:
    with door(config) as control:
        for file_id in file_ids:
            file = control.replay(file_id, converter=converter, reason=reason)
            say(f"{file.name} is on its way again")


def _delivered(file_ids: Sequence[str], how: dict[str, Any], config: Config, *, wait: bool) -> None:
    with door(config) as control:
        whole = [_whole(control, one) for one in file_ids]
        job = control.create_replay_job(JobWanted.model_validate({"file_ids": whole, **how}))
        say(f"replay {job.id}")
        if wait:
            watch(control, job)


def _whole(control: "Client", file_id: str) -> str:
    """The id that begins like this. A whole one is taken as it is: the job tells what it can't find."""
    return file_id if len(file_id) == _WHOLE else control.archived(file_id).file_id
