"""Kinds of values that several sections share."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from wats_broker.settings import mistake

#: Absolute from here on. In the file a relative folder means the file's own folder, see ``load``.
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Count = Annotated[int, Field(ge=1)]
#: A pool is a Celery queue with its own workers and limits: ``convert`` and what stands below it.
PoolName = Annotated[str, Field(pattern=r"^convert(\.[a-z0-9-]{1,40})?$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise mistake(f"there is no time zone {name!r}", "use an IANA name such as Europe/Oslo") from None
    return name


ZoneName = Annotated[str, AfterValidator(_zone)]
