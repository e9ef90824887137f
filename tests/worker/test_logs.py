"""Logs: one line per event, readable by people or by machines, and never a secret in it."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
from celery import Celery, signals
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from wats_worker import logs
from wats_worker.logs.mask import Mask
from wats_worker.settings import WorkerSettings

log = logging.getLogger("wats_worker.test")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level, sys.excepthook, threading.excepthook
    yield
    root.handlers, root.level, sys.excepthook, threading.excepthook = before
    logging.captureWarnings(capture=False)


def set_up(stream: io.StringIO | None = None, **settings) -> io.StringIO:
    stream = stream or io.StringIO()
    logs.setup("convert", WorkerSettings(**settings), stream=stream)
    return stream


def test_a_machine_reads_one_object_per_event():
    """Time in UTC with milliseconds, level, stage, event, and the facts with their types."""
    stream = set_up()
    log.info("file_converted", extra={"file_id": "9f2c", "source": "ict", "reports": 3, "place": None})

    line = json.loads(stream.getvalue())

    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "stage": "convert",
        "event": "file_converted",
        "file_id": "9f2c",
        "trace_id": "9f2c",
        "source": "ict",
        "reports": 3,
        "logger": "wats_worker.test",
    }


def test_a_person_reads_columns():
    """On a terminal, with a colour where something is wrong; a text with blanks is quoted."""
    stream = set_up(Terminal())
    log.info("file_converted", extra={"source": "ict", "file": "a b.log"})
    log.warning("file_waiting")

    first, second = stream.getvalue().splitlines()

    assert first[24:] == 'INFO    convert  file_converted source=ict file="a b.log"'
    assert second.startswith("\x1b[33m")
    assert second.endswith("file_waiting\x1b[0m")


@pytest.mark.parametrize(("wanted", "stream"), [("json", Terminal()), ("human", io.StringIO())])
def test_the_form_can_be_chosen(wanted, stream):
    """Whatever is on the other end."""
    set_up(stream, log={"format": wanted})
    log.info("begun")

    assert stream.getvalue().startswith("{") == (wanted == "json")


@pytest.mark.parametrize("wanted", ["json", "human"])
@given(name=st.text(min_size=1), word=st.text(max_size=20))
def test_nothing_from_outside_breaks_a_line(wanted, name, word):
    """File names with line breaks, terminal controls or undecodable bytes forge neither a line nor a colour."""
    stream = set_up(log={"format": wanted})
    log.info("file_seen", extra={"file": name + "\n\x1b[2J\udc80\u2028", "answer": word})

    text = stream.getvalue()

    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    assert text[:-1].isprintable()


def test_a_fact_can_not_pose_as_the_event():
    """The stage and the time of a line are ours."""
    stream = set_up()
    log.info("file_seen", extra={"stage": "upload", "event": "forged", "ratio": float("nan")})

    line = json.loads(stream.getvalue(), parse_constant=pytest.fail)

    assert (line["stage"], line["event"], line["ratio"]) == ("convert", "file_seen", "nan")


def test_a_long_value_is_clipped():
    """A server's error page does not fill the disk, and no secret is cut in two."""
    stream = set_up(server={"token": "s3cret"})
    log.info("report_buried", extra={"answer": "x" * 1997 + "s3cret" * 1000, "ids": list(range(1000))})

    assert len(stream.getvalue()) < 4000
    assert json.loads(stream.getvalue())["answer"].startswith("x" * 1997 + "***… (")


def test_an_exception_is_part_of_its_line():
    """For machines in one field, for people below the line."""
    streams = {form: set_up(log={"format": form}) for form in ("human", "json")}
    for form, stream in streams.items():
        set_up(stream, log={"format": form})
        log.error("file_failed", exc_info=ValueError("bad\nthing"))

    assert json.loads(streams["json"].getvalue())["trace"].endswith("ValueError: bad\nthing")
    assert streams["human"].getvalue().splitlines()[-1] == "    thing"


@pytest.mark.parametrize("form", ["human", "json"])
@pytest.mark.parametrize("secret", ["bGluZTpzZWNyZXQ=", 'qu"ote\\s', "Prüf stand/ß"])
def test_secrets_are_masked_wherever_they_stand(form, secret):
    """In the event, in a fact, deep in a table, in an address, in an exception."""
    stream = set_up(
        log={"format": form}, broker={"url": "redis://host", "password": secret}, server={"token": "tok_1234"}
    )
    address = f"redis://:{secret}@host"
    log.info("connected to %s", address, extra={"header": {"Authorization": [f"Basic {secret}"]}})
    log.info("with tok_1234")
    log.error("broker_lost", exc_info=ConnectionError(address))

    text = stream.getvalue()

    assert all(
        form not in text for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], "tok_1234")
    )
    assert text.count("***") == 4


def test_a_very_short_secret_does_not_blank_the_log():
    """Masking every "a" would hide everything and protect nothing."""
    assert Mask(["a", "", "abcd"])("a banana abcd") == "a banana ***"


def test_warnings_and_chatter_find_their_place():
    """What other libraries tell is one stream with ours, and quieter."""
    stream = set_up()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old function", stacklevel=1)
    logging.getLogger("httpx").info("HTTP Request: POST …")
    logging.getLogger("celery.worker.strategy").info("Task convert received")

    (line,) = stream.getvalue().splitlines()

    assert "old function" in json.loads(line)["event"]


def test_debug_opens_the_chatter():
    """Who asks for everything gets everything."""
    stream = set_up(log={"level": "debug"})
    logging.getLogger("httpx").info("HTTP Request: POST …")

    assert "HTTP Request" in stream.getvalue()


def test_celery_leaves_our_handlers_alone():
    """Its worker sets up logging of its own, unless somebody listens to its signal."""
    stream = set_up()
    handlers = list(logging.getLogger().handlers)

    def own_logging(**_: object) -> None:
        """As app.workers does."""

    signals.setup_logging.connect(own_logging)
    try:
        app = Celery(set_as_current=False)
        app.log.setup(loglevel="DEBUG", redirect_stdouts=False)
    finally:
        signals.setup_logging.disconnect(own_logging)
    logging.getLogger("celery.task").warning("from a task")

    assert logging.getLogger().handlers == handlers
    assert json.loads(stream.getvalue())["event"] == "from a task"


#: How a stage begins.
BEGIN = """
import logging, threading
from wats_worker import logs
from wats_worker.settings import WorkerSettings
logs.setup("watch", WorkerSettings(server={"token": "s3cret"}))
log = logging.getLogger("x")
"""


def _run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", BEGIN + code]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_what_nobody_caught_is_an_event():
    """In the main thread and in any other; the exit code stays."""
    main = _run("raise RuntimeError('s3cret')")
    thread = _run(
        "def fail(): raise RuntimeError('s3cret')\n"
        "t = threading.Thread(target=fail, name='pulse'); t.start(); t.join()"
    )

    assert main.returncode == 1
    assert json.loads(main.stderr)["event"] == "process_crashed"
    assert json.loads(main.stderr)["trace"].endswith("RuntimeError: ***")
    assert json.loads(thread.stderr)["thread_name"] == "pulse"


def test_the_last_errors_are_left_for_the_supervisor(tmp_path):
    """The newest five, in short, without secrets; less than an error is nobody's last word."""
    words = tmp_path / "words"
    _run(
        "log.warning('seen')\n"
        "for n in range(7): log.error('failed', extra={'n': n, 'reason': 's3cret'})\n"
        "raise ValueError('end')",
        WATS_LAST_WORDS=str(words),
    )

    assert words.read_text().splitlines() == [
        *(f"failed n={n} reason=***" for n in (3, 4, 5, 6)),
        "process_crashed ValueError('end')",
    ]


def test_the_lines_of_many_processes_do_not_mix():
    """All children of a supervisor share one stderr; here it is a pipe, as in a container."""
    code = "for n in range(200): log.info('event', extra={'n': n, 'text': 'x' * 1500})"
    reader, writer = os.pipe()
    argv = [sys.executable, "-c", BEGIN + code]
    writers = [subprocess.Popen(argv, cwd=ROOT, stderr=writer) for _ in range(4)]
    os.close(writer)
    with os.fdopen(reader) as stream:
        lines = stream.read().splitlines()
    for process in writers:
        process.wait()

    assert len(lines) == 800
    assert all(json.loads(line)["event"] == "event" for line in lines)
