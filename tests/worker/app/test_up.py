"""Which processes a line is made of."""

import socket

import pytest

from wats_broker.names import Stage
from wats_worker.app import up
from wats_worker.console import serving
from wats_worker.settings import ConsoleSettings, WorkerSettings


def test_the_console_is_started_only_where_it_is_wanted():
    """Nothing listens on a port of a machine by default."""
    wanted = WorkerSettings(console=ConsoleSettings(enabled=True))

    assert Stage.CONSOLE not in [stage for _, stage, _ in up._stages(WorkerSettings())]
    assert Stage.CONSOLE in [stage for _, stage, _ in up._stages(wanted)]


def test_the_console_comes_after_everything_that_works():
    """A line delivers before anybody can look at it."""
    assert up._RANK[Stage.CONSOLE] > max(rank for stage, rank in up._RANK.items() if stage != Stage.CONSOLE)


def test_an_address_that_is_taken_is_named_with_what_to_do():
    """And no console is begun."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(serving.CannotListen, match=rf"127.0.0.1:{port}: .* \[console\] listen"):
            serving._listen("127.0.0.1", port)
