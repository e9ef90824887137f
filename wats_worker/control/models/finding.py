"""The words by which files are found, wherever files are meant: in a list, in a replay."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from wats_broker.messages import SourceName
from wats_broker.states import FileState
from wats_worker.catalogue.finding import Wanted

_Text = Annotated[str, Field(max_length=200)]
_Seconds = Annotated[float | None, Field(ge=0, le=1e11)]


class Search(BaseModel):
    """Which files. All that is said has to fit, and what is not said does not matter."""

    model_config = ConfigDict(extra="forbid")

    find: Annotated[
        _Text, Field(description="Whatever is at hand: an id, a checksum, a serial number, a name, a part.")
    ] = ""
    serial: Annotated[_Text, Field(description="The beginning of a unit's serial number.")] = ""
    part: Annotated[_Text, Field(description="A unit's part number.")] = ""
    name: Annotated[_Text, Field(description="The beginning of the name, without its folders.")] = ""
    sha256: Annotated[_Text, Field(description="The checksum of the file.")] = ""
    report: Annotated[_Text, Field(description="Any id of a report: ours, its own, the server's.")] = ""
    station: Annotated[_Text, Field(description="Where the unit was tested.")] = ""
    source: SourceName | None = None
    state: FileState | None = None
    since: Annotated[
        _Seconds, Field(description="Taken in at this time or later, in seconds since 1970.")
    ] = None
    until: Annotated[_Seconds, Field(description="Taken in at this time or earlier.")] = None

    @property
    def text(self) -> str:
        """Whatever is at hand, without the spaces around it."""
        return self.find.strip()

    def wanted(self, *, archived: bool = False) -> Wanted:
        """The same for the catalogue, but for ``text``."""
        return Wanted(
            serial=self.serial,
            part=self.part,
            name=self.name,
            sha256=self.sha256,
            report=self.report,
            station=self.station,
            source=self.source or "",
            state=self.state,
            since=self.since or 0.0,
            until=self.until or 0.0,
            archived=archived,
        )

    def said(self) -> dict[str, Any]:
        """What is said, word by word.

        >>> Search(serial="SN-7", since=0).said()
        {'serial': 'SN-7', 'since': 0.0}
        """
        told = {name: getattr(self, name) for name in Search.model_fields}
        return {name: value for name, value in told.items() if value not in {None, ""}}
