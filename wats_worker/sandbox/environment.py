"""What a converter finds in its environment, at every level and on every system."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_HOME: Final = ("USERPROFILE", "TEMP", "TMP") if os.name == "nt" else ("HOME", "TMPDIR")
#: Without these no program starts on Windows.
_OF_WINDOWS: Final = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT")


def clean(scratch: Path, own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """An environment made anew. Nothing is inherited but where Python looks for code.

    The numeric libraries are kept to one thread: more are not allowed, and they end the process over it.

    Args:
        scratch: Home and the place for temporary files.
        own: The worker's environment. Only for testing.

    >>> clean(Path("s"), {"WATS_SERVER__TOKEN": "secret", "TZ": "Europe/Oslo"})["TZ"]
    'Europe/Oslo'
    """
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LANG": "C.UTF-8",
        **dict.fromkeys(_HOME, str(scratch)),
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        **{name: own[name] for name in ("TZ", *_OF_WINDOWS) if name in own},
    }
