"""Tries a converter out in this very process: for its author's tests and debugger.

Nothing is confined here, so it is for code one has written or read. `wats-worker converters test` runs any
converter in the jail, as the line does.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

from wats_worker.converters.base import Source
from wats_worker.converters.registry import of_module
from wats_worker.reports import wsjf


class Trial:
    """One converter, loaded from its file.

    Args:
        path: Its module.
    """

    def __init__(self, path: Path) -> None:
        name = f"wats_trial_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        self._converter = of_module(module)
        #: What the last conversion warned of.
        self.warnings: list[str] = []

    def probe(self, data: bytes, name: str = "log") -> float:
        """How sure it is of these bytes."""
        source = Source.of_bytes(data, name)
        return self._converter.probe(source.head, source.tail, source.name)

    def convert(self, data: bytes, name: str = "log", **options: Any) -> list[dict[str, Any]]:
        """The reports as documents of the wire; a refusal is the caller's to expect."""
        source = Source.of_bytes(data, name)
        given = self._converter.options.model_validate(options)
        reports = list(self._converter.convert(source, given))
        self.warnings = source.warnings
        return [wsjf.document(report) for report in reports]
