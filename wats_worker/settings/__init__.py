"""The worker's configuration: ``wats.toml``, then ``WATS_…`` variables, into one frozen tree.

``schema`` says what can be set, ``load`` reads it, ``conflicts`` finds what contradicts, and ``mistakes``
tells every mistake with its line (which ``lines`` finds) and its fix.

The file itself is changed by ``changing`` alone. ``upgrade`` knows the older schemas, ``repair`` what can
still be read of a damaged file, ``pywats`` the configuration of a pyWATS client, ``difference`` what a change
means for a line that runs.
"""

from wats_worker.settings.console import ConsoleSettings
from wats_worker.settings.control import ControlSettings
from wats_worker.settings.converters import ConverterSettings, SandboxSettings
from wats_worker.settings.load import Check, find, load, understand
from wats_worker.settings.mistakes import Misconfigured, Mistake
from wats_worker.settings.schema import (
    ConvertSettings,
    LogSettings,
    ServerSettings,
    SimulatorSettings,
    SpoolSettings,
    UploadSettings,
    WorkerSettings,
)
from wats_worker.settings.sources import FACTS, AnySource, GrowSettings, ScheduledSource, Source

__all__ = [
    "FACTS",
    "AnySource",
    "Check",
    "ConsoleSettings",
    "ControlSettings",
    "ConvertSettings",
    "ConverterSettings",
    "GrowSettings",
    "LogSettings",
    "Misconfigured",
    "Mistake",
    "SandboxSettings",
    "ScheduledSource",
    "ServerSettings",
    "SimulatorSettings",
    "Source",
    "SpoolSettings",
    "UploadSettings",
    "WorkerSettings",
    "find",
    "load",
    "understand",
]
