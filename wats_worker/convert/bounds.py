"""From the configuration to what the jail understands: its level, its limits."""

from wats_worker.sandbox.policy import Level, Limits
from wats_worker.settings import ConvertSettings, WorkerSettings


def level_of(settings: WorkerSettings) -> Level:
    """The level that the jail is required to have.

    >>> level_of(WorkerSettings()).name
    'STRICT'
    """
    return Level[settings.sandbox.level.upper()]


def limits_of(settings: ConvertSettings) -> Limits:
    """The jail's limits."""
    return Limits(
        memory_mb=settings.memory_mb,
        cpu_s=settings.cpu_s,
        wall_s=settings.wall_s,
        descriptors=settings.descriptors,
        output_mb=settings.output_mb,
        reports=settings.reports,
    )
