"""Where files come from: folders that are watched, and what is asked on a schedule."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from wats_broker.settings import Seconds, Section, mistake
from wats_worker.settings.kinds import Count, Folder, PoolName, ZoneName
from wats_worker.settings.schedule import Cron, Interval

Fact = Annotated[str, Field(min_length=1, max_length=100)]


def _suffix(text: str) -> str:
    if not text or "/" in text or "\\" in text:
        raise mistake("is not the end of a file name", 'write it like ".done"')
    return text


class AnySource(Section):
    """What every source has, however its files come: who converts them, and what is known of them."""

    #: Part of every file's identity: under another name the same files are new.
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    #: "auto", or the name of one converter.
    converter: Annotated[str, Field(min_length=1)] = "auto"
    #: Handed to the converter as they stand.
    options: dict[str, Any] = Field(default_factory=dict)
    pool: PoolName = "convert"
    #: 0 is soonest, 9 is last.
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    #: What becomes of the file when all its reports are delivered.
    after: str
    #: Where "move" and "zip" put it.
    done_folder: Folder | None = None
    #: From a source that is at work no file has come for longer: then it is told as silent.
    silent_s: Seconds = 86400.0

    # How long the archive keeps the bytes of its files: what is older, more or larger goes. None: for ever.
    keep_days: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    keep_files: Count | None = None
    #: Of files and reports, before they are compressed.
    keep_mb: Count | None = None

    # For files that don't say it themselves.
    station: Fact | None = None
    location: Fact | None = None
    purpose: Fact | None = None
    operator: Fact | None = None
    part_number: Fact | None = None
    revision: Fact | None = None
    process_code: Annotated[int, Field(ge=0, le=32767)] | None = None
    #: Where the tester's clock hangs; None is this machine's zone.
    timezone: ZoneName | None = None

    def converter_options(self) -> dict[str, Any]:
        """The options for the converter, with what the operator knows about this source.

        >>> Source(name="ict", folder="/in", process_code=30, options={"sheet": 2}).converter_options()
        {'process_code': 30, 'sheet': 2}
        """
        return self.model_dump(include=set(FACTS), exclude_none=True) | self.options


#: The keys of a source that every converter understands.
FACTS: Final = frozenset(
    {
        "station",
        "location",
        "purpose",
        "operator",
        "part_number",
        "revision",
        "process_code",
        "timezone",
    }
)


class GrowSettings(Section):
    """How a file that grows is cut. What is not set here is as the source's converter says."""

    #: Lines that begin like this are headings; each piece gets those that hold for it.
    heading: Annotated[str, Field(min_length=1)] | None = None
    #: Columns of the heading: lines that agree in them belong to one unit.
    key: tuple[str, ...] = ()
    separator: Annotated[str, Field(min_length=1)] = "\t"
    #: A unit begins with a line that begins like one of these …
    begins: tuple[str, ...] = ()
    #: … and ends with one that begins like one of these.
    ends: tuple[str, ...] = ()
    #: The last unit is complete when nothing was added for so long, unless its end can be told.
    quiet_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0

    @model_validator(mode="after")
    def _key_needs_its_columns(self) -> Self:
        if self.key and self.heading is None:
            raise mistake("nobody knows which columns these are", "say how the heading begins", key="key")
        return self


class Source(AnySource):
    """One watch folder: what to take from it, how to convert it, and what becomes of the files."""

    folder: Folder
    recursive: bool = False
    include: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    exclude: tuple[str, ...] = ()
    #: A file is finished when it has not changed for this long …
    quiet_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    #: … as seen by a look at the folder every so often.
    look_s: Seconds = 1.0
    #: Ask the system to tell about changes as well; not every network share can.
    events: bool = True
    #: "keep" leaves the file where it is and takes a copy; "grow" takes what is new in it, again and again.
    mode: Literal["move", "keep", "grow"] = "move"
    grow: GrowSettings | None = None
    #: "folder": each folder in the watch folder is one; "stem": what has the same name up to the last dot.
    #: None: each file, unless its converter knows better.
    unit: Literal["file", "folder", "stem"] | None = None
    #: A unit is complete when each of these patterns has found something in it.
    unit_members: tuple[str, ...] = ()
    #: A unit that is not complete after so long is told of.
    unit_s: Seconds = 30.0
    #: With ".done", the file x is finished when x.done lies beside it.
    marker: Annotated[str, AfterValidator(_suffix)] | None = None
    after: Literal["archive", "move", "delete", "zip", "keep"] = "archive"


class ScheduledSource(AnySource):
    """One source that is asked on a schedule: by whom, when, and what becomes of what it gives."""

    #: The plugin that asks.
    poller: Annotated[str, Field(min_length=1)]
    #: Handed to the poller. A secret is named by ``<option>_file`` or ``<option>_env``.
    poller_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    every: Interval | None = None
    #: Minute, hour, day of month, month, day of week.
    cron: Cron | None = None
    #: Whose clock ``cron`` means; None is this machine's.
    cron_timezone: ZoneName | None = None
    #: A poll that is not over by then is ended.
    limit_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    #: A larger item ends the poll.
    largest_mb: Count = 500
    #: What becomes of our copy; there is nothing else that "keep" could mean.
    after: Literal["archive", "move", "delete", "zip"] = "archive"

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if (self.every is None) == (self.cron is None):
            what = "neither every nor cron is set" if self.every is None else "every and cron are both set"
            raise mistake(what, 'say every = "5m", or cron = "*/10 6-22 * * 1-5"', key="every")
        if self.cron_timezone is not None and self.cron is None:
            raise mistake("has no effect without cron", "remove it", key="cron_timezone")
        return self
