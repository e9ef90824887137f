"""What may be set for a source of i3070 log records."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from wats_worker.converters import base


class Options(base.Options):
    """What may be different at one source of i3070 log records."""

    #: What the revision of a board is: the version label, or the revision of the board's type.
    revision_from: Literal["label", "type"] = "label"
    #: What this site's own board statuses mean, such as {90: "F"}. Otherwise 90 to 99 are terminated.
    user_statuses: Mapping[int, Literal["P", "F", "E", "T"]] = Field(default_factory=dict)
