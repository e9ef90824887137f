"""What may be set for a source of CFX messages."""

from typing import Literal

from wats_worker.converters import file_names


class Options(file_names.Options):
    """What may be different at one source of CFX messages."""

    #: What the serial number of a unit is: its identifier alone, or together with its position on the panel
    #: (PANEL-1-2), where a site identifies panels only.
    serial_number: Literal["identifier", "with-position"] = "identifier"
