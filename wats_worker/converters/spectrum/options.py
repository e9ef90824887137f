"""What may be set for a source of Spectrum logs."""

from wats_worker.converters import base
from wats_worker.converters.starts import DateOrder


class Options(base.Options):
    """What may be different at one source of Spectrum logs."""

    #: How a date is written; without it 02/09/2023 is the 9th of February, and a warning says so.
    date_order: DateOrder | None = None
