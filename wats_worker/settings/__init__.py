"""The worker's configuration: ``wats.toml``, then ``WATS_…`` variables, into one frozen tree.

``schema`` says what can be set, ``load`` reads it, ``conflicts`` finds what contradicts, and ``mistakes``
tells every mistake with its line (which ``lines`` finds) and its fix.
"""

from wats_worker.settings.converters import ConverterSettings, SandboxSettings
from wats_worker.settings.load import Check, find, load
from wats_worker.settings.mistakes import Misconfigured, Mistake
from wats_worker.settings.schema import (
    ConvertSettings,
    LogSettings,
    ServerSettings,
    SimulatorSettings,
    Source,
    SpoolSettings,
    UploadSettings,
    WorkerSettings,
)

__all__ = [
    "Check",
    "ConvertSettings",
    "ConverterSettings",
    "LogSettings",
    "Misconfigured",
    "Mistake",
    "SandboxSettings",
    "ServerSettings",
    "SimulatorSettings",
    "Source",
    "SpoolSettings",
    "UploadSettings",
    "WorkerSettings",
    "find",
    "load",
]
