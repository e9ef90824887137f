"""The last hour in numbers."""

from pydantic import BaseModel

from wats_broker.trend import Sample


class Trend(BaseModel):
    """How the line was, the oldest moment first."""

    samples: list[Sample]
    every_s: int  #: from one moment to the next; one that is missing was not looked at
