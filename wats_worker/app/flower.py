"""Flower, which shows every conversion: behind a login always, and for looking only.

By itself Flower takes its login from the command line or the environment, where others on the machine read
it, and its Celery app from a module that is found by name. Here both come from the line's own configuration.
It hears what workers tell and asks them nothing: whoever may ask a worker may also tell it to end.
"""

import logging
import signal
from pathlib import Path
from typing import Any, Final

from celery.app.control import Control
from flower.app import Flower  # type: ignore[import-untyped]  # it ships no types
from flower.options import options  # type: ignore[import-untyped]
from flower.urls import settings as pages  # type: ignore[import-untyped]
from flower.views.monitor import Metrics  # type: ignore[import-untyped]
from tornado.web import authenticated

from wats_worker.app.line import Line

log = logging.getLogger(__name__)

#: A worker that has been gone for so long is forgotten: scaling up and down leaves many behind.
_FORGET_S: Final = 3600
#: So many conversions are kept in memory, and the oldest are forgotten first.
_TASKS: Final = 20_000


class _Mute(Control):  # type: ignore[misc]  # Celery is not typed
    """What Flower asks workers goes nowhere, and nobody answers."""

    def broadcast(self, *_: Any, **__: Any) -> list[Any]:
        """Say nothing."""
        return []


class _Metrics(Metrics):  # type: ignore[misc]  # as above
    """Names of workers and tasks, which Flower would tell everybody."""

    get = authenticated(Metrics.get)


class NoLogin(Exception):
    """The file with the login can't be used; the text says why."""


def read_login(file: Path) -> str:
    """The one line ``user:password`` of a file.

    Raises:
        NoLogin: the file can't be read, or has something else in it.
    """
    try:
        login = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoLogin(f"{file} can't be read: {error}") from error
    user, colon, password = login.partition(":")
    if not (user and colon and password) or "\n" in login:
        raise NoLogin(f"{file} has to hold one line, user:password")
    return login


def run_flower(line: Line, *, host: str, port: int, login: str) -> int:
    """Serve Flower until a signal ends it; the exit code."""
    options.basic_auth = [login]
    options.read_only = True
    options.address, options.port = host, port
    options.purge_offline_workers = _FORGET_S
    options.max_tasks = _TASKS
    line.celery.control = _Mute(line.celery)
    shown = Flower(capp=line.celery, options=options, **pages)
    shown.add_handlers(".*", [("/metrics", _Metrics)])
    try:
        taken = shown.start_http_server()
    except OSError as error:
        log.critical(
            "stage_cannot_begin", extra={"reason": f"can't listen on {host}:{port}: {error.strerror}"}
        )
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shown.io_loop.add_callback_from_signal(shown.stop))
    log.info("flower_open", extra={"address": f"http://{host}:{taken}"})
    shown.start()
    return 0
