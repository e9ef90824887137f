"""What the upload queue costs at depth 100, 10 000 and 1 000 000: see ``depths``, which this runs.

The standard library has a module of this name, and every script in this folder would find this file instead
of it. So whoever imports it gets the library's.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATH = sys.path.copy()

sys.path[:] = [folder for folder in PATH if Path(folder).resolve() != HERE]
sys.modules.pop("queue", None)
importlib.import_module("queue")
sys.path[:] = PATH

if __name__ == "__main__":
    import depths

    depths.main()
