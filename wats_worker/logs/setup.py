"""One place where logging is set up, for every process of the line."""

import logging
import os
import sys
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, TextIO

from wats_broker.files import write_atomically
from wats_worker.logs.formats import HumanFormat, JsonFormat, in_short
from wats_worker.logs.mask import Mask

log = logging.getLogger(__name__)

#: Variable with the file that a supervised process leaves its last errors in, see ``supervisor``.
LAST_WORDS: Final = "WATS_LAST_WORDS"
#: So many of them.
_WORDS: Final = 5
#: What these libraries tell at "info" is of interest at "debug" only.
_CHATTY: Final = (
    "celery.app.trace",
    "celery.beat",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "watchfiles",
)


class Wanted(Protocol):
    """The ``[log]`` section."""

    @property
    def level(self) -> str:
        """debug, info, warning or error."""

    @property
    def format(self) -> str:
        """auto, human or json."""


class Settings(Protocol):
    """What ``setup`` needs of the configuration."""

    @property
    def log(self) -> Wanted:
        """How to log."""

    def secrets(self) -> list[str]:
        """What must not be read in any line."""


def setup(stage: str, settings: Settings, *, stream: TextIO | None = None) -> None:
    """Log to stderr from now on, and nowhere else. Calling it again replaces what was set up.

    Celery keeps its hands off when somebody listens to its ``setup_logging`` signal; connect one there.

    Args:
        stage: Stands in every line.
        settings: The configuration.
        stream: Instead of stderr.
    """
    stream = stream or sys.stderr
    mask = Mask(settings.secrets())
    human = settings.log.format == "human" or (settings.log.format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        HumanFormat(stage, mask, colour=stream.isatty() and "NO_COLOR" not in os.environ)
        if human
        else JsonFormat(stage, mask)
    )
    handlers: list[logging.Handler] = [handler]
    if file := os.environ.get(LAST_WORDS):
        handlers.append(LastWords(Path(file), mask))
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


class LastWords(logging.Handler):
    """Keeps the newest errors in a file, where the supervisor finds them when the process has ended."""

    def __init__(self, file: Path, mask: Mask) -> None:
        super().__init__(level=logging.ERROR)
        self._file = file
        self._mask = mask
        self._words: deque[str] = deque(maxlen=_WORDS)

    def emit(self, record: logging.LogRecord) -> None:
        """Write them anew: there are few, and seldom a new one."""
        self._words.append(in_short(record, self._mask))
        try:
            text = "\n".join(self._words)
            write_atomically(self._file, text.encode(errors="backslashreplace"), durable=False)
        except OSError:
            self.handleError(record)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody caught is an event too, and the last one."""
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("process_crashed", exc_info=(kind, error, trace))


def _thread_crashed(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None:
        name = crash.thread.name if crash.thread else None
        trace = (crash.exc_type, crash.exc_value, crash.exc_traceback)
        log.critical("thread_crashed", extra={"thread_name": name}, exc_info=trace)
