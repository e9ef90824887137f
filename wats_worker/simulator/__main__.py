"""A simulator on a lead: ``python -m wats_worker.simulator``.

Reads its settings as one line of JSON from standard input, writes its base URL as one line to standard
output, and ends when standard input does. So a parent hands over the tokens where no process list shows
them, and a parent that dies leaves no server behind.
"""

import os
import signal
import sys
import threading

from pydantic import TypeAdapter

from wats_worker.simulator.server import serve
from wats_worker.simulator.settings import SimulatorSettings


def main() -> None:
    """Serve until the parent lets go."""
    settings = TypeAdapter(SimulatorSettings).validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(settings, ready=lambda url: print(url, flush=True))


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
