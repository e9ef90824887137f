"""The process that children are forked from: ``python -P -s -m wats_worker.sandbox.zygote``.

It is executed, not forked, so that it holds nothing of its owner's memory: no broker address, no token. It
imports the converters once, confines itself, and from then on keeps exactly one confined child waiting:

    owner ── job, 3 descriptors ──►  zygote  ── the same ──►  child ── works ── one byte ─┐
      ▲                                │                                                  │
      └──────────── answer ────────────┴── SIGKILL, answer, reap, clean, next child ◄─────┘

The control socket is descriptor 0. When it closes, or the owner dies, the zygote ends; when the zygote
dies, the child dies with it.
"""

import contextlib
import faulthandler
import functools
import gc
import importlib
import os
import signal
import socket
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from wats_worker.sandbox import guard, trial, wire
from wats_worker.sandbox.confine import Confinement, Unconfined
from wats_worker.sandbox.loading import Shelf, compile_plugin, import_bundled, unpack_plugin
from wats_worker.sandbox.nursery import Nursery
from wats_worker.sandbox.policy import COMPILING_S, Level, Setup


def main() -> None:
    """Get ready, say how it went, serve."""
    control = socket.socket(fileno=0)
    setup = Setup.from_json(wire.read(wire.receive(control)[0]))
    _settle_signals()
    try:
        nursery, shelf = prepare(control, setup)
    except (Unconfined, ImportError, OSError) as error:
        wire.send(control, {"refusal": str(error)[:2000]})
        return
    wire.send(control, {"refusal": None})
    with contextlib.suppress(wire.Closed):
        nursery.serve(shelf)


def prepare(control: socket.socket, setup: Setup) -> tuple[Nursery, Shelf]:
    """Load what is ours, confine this process, try the confinement out, then compile what is not ours.

    Raises:
        Unconfined: the level asked for can't be reached here, or the trial found a hole.
        ImportError, OSError: something is missing.
    """
    for library in setup.capabilities.libraries:
        importlib.import_module(library)
    bundled = import_bundled(setup.modules)
    texts = _read_plugins(setup.plugins, taken=bundled.keys())
    os.environ.update(setup.capabilities.environment)
    guard.take_place(setup.capabilities.imports, setup.capabilities.accepted)
    faulthandler.enable(file=2)  # a crash in C leaves at least the Python lines in the log
    confinement = Confinement(setup)
    confinement.zygote()
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of the modules
    nursery = Nursery(control, setup.limits, confinement)
    _check(nursery, confinement.level)
    plugins = {
        name: unpack_plugin(
            name, nursery.send_out(functools.partial(compile_plugin, *text), seconds=COMPILING_S)
        )
        for name, text in texts.items()
    }
    return nursery, Shelf(bundled, plugins)


def _settle_signals() -> None:
    """Signals to the whole group are for the owner, who hangs up when it has finished its work."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # an owner that ignores it would leave us nothing to reap


def _read_plugins(paths: Mapping[str, Path], *, taken: AbstractSet[str]) -> dict[str, tuple[str, bytes]]:
    """Path and text of each plugin; a name that one of our own converters has is a mistake."""
    for name in paths:
        if name in taken:
            raise ImportError(f"the plugin {name!r} has the name of a converter of our own; give it another")
    return {name: (str(path), path.read_bytes()) for name, path in paths.items()}


def _check(nursery: Nursery, level: Level) -> None:
    holes = trial.read(nursery.send_out(functools.partial(trial.report, level)))
    if holes:
        raise Unconfined(f"the jail has holes: {holes}")


if __name__ == "__main__":
    main()
