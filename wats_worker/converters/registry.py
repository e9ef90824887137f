"""Which converters there are. Names are what settings, logs and the command line call them by."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Final

from wats_worker.converters import (
    agilent_report,
    atml,
    devkit_csv,
    gr228x,
    i3070_log,
    i3070_others,
    i3070_text,
    ipc_cfx,
    junit,
    klippel,
    litepoint,
    omron,
    openhtf,
    pytest_json,
    robot,
    saki,
    seica,
    sigmaquest,
    soundcheck,
    spea,
    spectrum,
    stdf,
    stepwize,
    tdms,
    teststand_csv,
    teststand_xml,
    tri_ict,
    wats_example,
    wsjf,
    wstf,
    wsxf,
    xjtag,
)
from wats_worker.converters.base import Options, Source
from wats_worker.converters.mapped import table, text
from wats_worker.converters.takaya import apt94xx, atd, atdx
from wats_worker.reports.model import Report

_MODULES: Final = (
    wsjf,
    wstf,
    wsxf,
    teststand_xml,
    atml,
    i3070_log,
    agilent_report,
    i3070_text,
    i3070_others,
    spectrum,
    gr228x,
    tri_ict,
    spea,
    atd,
    apt94xx,
    atdx,
    seica,
    table,
    text,
    wats_example,
    devkit_csv,
    teststand_csv,
    xjtag,
    junit,
    pytest_json,
    openhtf,
    robot,
    ipc_cfx,
    saki,
    omron,
    litepoint,
    sigmaquest,
    stepwize,
    klippel,
    soundcheck,
    stdf,
    tdms,
)


@dataclass(frozen=True)
class Converter:
    """One converter: how sure it is of a file, and what it makes of it."""

    name: str
    title: str
    version: str
    options: type[Options]
    probe: Callable[[bytes, bytes, str], float]  # head, tail, file name → 0 (not mine) to 1
    convert: Callable[[Source, Options], Iterable[Report]]


def bundled() -> Mapping[str, Converter]:
    """The converters that come with the worker, by name.

    >>> bundled()["atml"].options().revision is None
    True
    """
    return _BUNDLED


def modules() -> tuple[ModuleType, ...]:
    """The modules they are in, in the order in which formats matter to electronics factories."""
    return _MODULES


def of_module(module: ModuleType) -> Converter:
    """The converter a module holds."""
    return Converter(
        name=module.NAME,
        title=module.TITLE,
        version=module.VERSION,
        options=module.Options,
        probe=module.probe,
        convert=module.convert,
    )


_BUNDLED: Final = MappingProxyType({module.NAME: of_module(module) for module in _MODULES})
