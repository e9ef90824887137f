"""Getting at the code of a poller: ours by name, somebody else's by the file it lies in."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load(code: str) -> ModuleType:
    """Import a poller's module. Its code runs with all rights of this process.

    Args:
        code: As ``Poller.code`` has it.

    Raises:
        Exception: whatever the module raises while it is imported.
    """
    if not code.endswith(".py"):
        return importlib.import_module(code)
    path = Path(code)
    name = f"wats_poller_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and pydantic look annotations up
    spec.loader.exec_module(module)
    return module
