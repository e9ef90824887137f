"""Which release this is."""

from importlib.metadata import version
from typing import Final

RELEASE: Final = version("wats-worker")
