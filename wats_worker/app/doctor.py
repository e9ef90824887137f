"""Looks at this machine as the line would find it: jail, disk, broker, folders, converters.

Nothing is changed by it, except that folders for scratch files are made, and that in each folder from which
files are taken a small hidden file comes and goes.
"""

import getpass
import os
import platform
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from wats_broker.connection import connect, doubts, masked
from wats_broker.errors import BrokerError
from wats_worker.app.known import known
from wats_worker.app.shares import is_read_only, obstacles, trial
from wats_worker.control.place import Place
from wats_worker.convert.bounds import level_of
from wats_worker.convert.roster import roster
from wats_worker.converters.plugins import search
from wats_worker.poll.checks import check_pollers
from wats_worker.poll.finding import pollers
from wats_worker.sandbox import levels
from wats_worker.settings import Source, WorkerSettings
from wats_worker.settings.mistakes import dotted
from wats_worker.settings.store import StoreSettings
from wats_worker.store.errors import StoreUnusable
from wats_worker.store.trial import missing

#: Below this the watcher soon takes nothing more.
_LITTLE_BYTES: Final = 2 * 2**30
#: So many things in one folder are shown; whoever has mended those looks again.
_SHOWN: Final = 3
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "glusterfs", "ceph"}
)


class Health(StrEnum):
    """How it is with one thing."""

    GOOD = "good"
    ADVICE = "advice"  #: it works, and could be better
    TROUBLE = "trouble"  #: something won't work
    FATAL = "fatal"  #: nothing will


@dataclass(frozen=True)
class Look:
    """What was found out about one thing."""

    area: str
    what: str
    health: Health
    found: str
    fix: str = ""


def examine(settings: WorkerSettings, scratch: Path) -> Iterator[Look]:
    """Look at everything, in the order in which the line needs it."""
    yield from _kernel()
    yield from _jail(settings, scratch)
    yield from _spool(settings)
    yield _archive(settings)
    yield from _broker(settings)
    yield from _processes(settings)
    yield from _control(settings)
    for source in settings.sources:
        yield from _source(source, settings)
    yield from _pollers(settings)
    yield from _converters(settings)


def _kernel() -> Iterator[Look]:
    yield Look(
        "machine", "kernel", Health.GOOD, f"{platform.system()} {platform.release()}, {platform.machine()}"
    )
    for feature, found in _features():
        yield Look("machine", feature, Health.GOOD if found else Health.ADVICE, found or "none")
    yield Look("machine", "user", Health.GOOD, _me())


def _features() -> list[tuple[str, str]]:
    if sys.platform != "linux":
        return [("Landlock", ""), ("seccomp", "")]
    from wats_worker.sandbox import machine  # noqa: PLC0415  imports what only Linux has

    return list(machine.features())


def _jail(settings: WorkerSettings, scratch: Path) -> Iterator[Look]:
    required = level_of(settings)
    standing = levels.probe(scratch)
    reached = standing.level
    enough = reached is not None and reached >= required
    yield Look(
        "jail",
        "level",
        Health.GOOD if enough else Health.FATAL,
        f"{reached.name.lower() if reached else 'none'} can be had, {required.name.lower()} is required",
        "" if enough else "see below; [sandbox] level asks for less",
    )
    for finding in standing.findings:
        health = Health.ADVICE
        if finding.level is not None and finding.level <= required:
            health = Health.FATAL
        what = f"level {finding.level.name.lower()}" if finding.level else "besides"
        yield Look("jail", what, health, finding.what, finding.fix)


def _spool(settings: WorkerSettings) -> Iterator[Look]:
    folder = settings.spool.folder
    there = _nearest(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        yield Look("spool", str(folder), Health.FATAL, f"{_me()} may not write to {there}", _own(there))
        return
    free = shutil.disk_usage(there).free
    yield Look(
        "spool",
        str(folder),
        Health.GOOD if free >= _LITTLE_BYTES else Health.TROUBLE,
        f"{free / 2**30:.1f} GB free on {_file_system(there) or 'this disk'}",
        "" if free >= _LITTLE_BYTES else "make room, or set [spool] folder to a larger disk",
    )
    if _file_system(there) in _NETWORK:
        found = "it lies on a network share: a lost share stops the line"
        yield Look("spool", str(folder), Health.ADVICE, found, "a disk of this machine is better")
    if settings.spool.url is not None:
        yield _store("spool", settings.spool)


def _archive(settings: WorkerSettings) -> Look:
    """Whether what is delivered can be kept."""
    if settings.archive.url is not None:
        return _store("archive", settings.archive)
    folder = settings.archive_folder()
    there = _nearest(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        found = f"{_me()} may not write to {there}"
        return Look("archive", str(folder), Health.FATAL, found, _own(there))
    free, wanted = shutil.disk_usage(there).free, settings.archive.min_free_mb * 2**20
    found = f"{free / 2**30:.1f} GB free on {_file_system(there) or 'this disk'}"
    if free < max(wanted, _LITTLE_BYTES):
        fix = "make room, or set [archive] folder to a larger disk, or let [[sources]] keep less: keep_days"
        return Look("archive", str(folder), Health.TROUBLE, found, fix)
    return Look("archive", str(folder), Health.GOOD, found)


def _store(area: str, settings: StoreSettings) -> Look:
    """Whether an object store keeps what spool and archive stand on."""
    from wats_worker.store.opening import open_bucket  # noqa: PLC0415  an extra that few need

    store = open_bucket(settings)
    try:
        broken = missing(store)
    except StoreUnusable as problem:
        fix = (
            f"check [{area}] endpoint, url and keys; we need to read, write, list and delete below the prefix"
        )
        return Look(area, store.name, Health.FATAL, problem.reason, fix)
    if broken:
        fix = "take a store, or a release of it, that heeds conditions on writing: this one would lose files"
        return Look(area, store.name, Health.FATAL, "; ".join(broken), fix)
    found = "it heeds conditions on writing, and lists what was written"
    return Look(area, store.name, Health.GOOD, found)


def _broker(settings: WorkerSettings) -> Iterator[Look]:
    url = masked(settings.broker.url)
    try:
        with connect(settings.broker) as redis:
            redis.ping()
            version = redis.info("server").get("redis_version", "?")
            yield Look("broker", url, Health.GOOD, f"answers, version {version}")
            for doubt in doubts(redis):
                yield Look("broker", url, Health.ADVICE, doubt, "see the text")
    except (BrokerError, RedisError) as error:
        if settings.broker.embedded_folder is not None:
            yield Look("broker", url, Health.GOOD, "does not run now; 'wats-worker up' starts it")
        else:
            yield Look("broker", url, Health.TROUBLE, str(error), "start it, or mend [broker] url")


def _processes(settings: WorkerSettings) -> Iterator[Look]:
    """What the line knows of the server; asked for by the upload stage, and by nobody else."""
    if settings.server.url is None:
        return
    now, notice = known(settings)
    if now.processes is None:
        found = "not known, so codes are checked by the server alone"
        fix = notice.trouble or "the upload stage asks for them when it starts"
        yield Look("server", "processes", Health.ADVICE, found, fix)
        return
    hours = (time.time() - now.confirmed_at) / 3600
    found = f"{len(now.processes)}, confirmed {hours:.1f} h ago"
    if now.old:
        fix = notice.trouble or "the upload stage asks anew when it runs"
        yield Look("server", "processes", Health.ADVICE, f"{found}: too old to decide anything", fix)
    else:
        yield Look("server", "processes", Health.GOOD, found)


def _control(settings: WorkerSettings) -> Iterator[Look]:
    place = Place.of(settings)
    if place.is_open_to_eavesdroppers:
        found = "tokens go over the network where others can read them"
        fix = "set [control] cert_file and key_file, or listen on a unix socket or 127.0.0.1"
        yield Look("control", place.address, Health.TROUBLE, found, fix)
        return
    yield Look("control", place.address, Health.GOOD, "only who holds a token comes in")


def _source(source: Source, settings: WorkerSettings) -> Iterator[Look]:
    area, folder = f"source {source.name}", source.folder
    try:
        is_folder = folder.is_dir()
    except OSError as error:  # a folder above it that we may not enter
        yield Look(area, str(folder), Health.TROUBLE, f"can't be looked at: {error.strerror}", _own(folder))
        return
    if not is_folder:
        fix = "make it, mount it, or mend folder; the watcher goes on as soon as it is there"
        yield Look(area, str(folder), Health.TROUBLE, "there is no such folder", fix)
        return
    takes = source.mode == "move"
    access = _access(area, folder, takes=takes)
    yield access
    if access.health is Health.GOOD:
        yield from _in_real_life(area, source, takes=takes)
    if source.mode == "move" and folder.stat().st_dev != _nearest(settings.spool.folder).stat().st_dev:
        found = "on another disk than the spool: every file is copied"
        yield Look(
            area, str(folder), Health.ADVICE, found, "put the spool on the same disk where that is possible"
        )
    if _file_system(folder) in _NETWORK and source.events:
        found = (
            f"on a network share ({_file_system(folder)}), which tells nothing about files that others write"
        )
        yield Look(
            area,
            str(folder),
            Health.ADVICE,
            found,
            "set events = false; the periodic look finds them all the same",
        )
    if source.done_folder is not None:
        there = _nearest(source.done_folder)
        if not os.access(there, os.W_OK | os.X_OK):
            found = f"{_me()} may not write to {there}"
            yield Look(area, str(source.done_folder), Health.TROUBLE, found, _own(there))


def _in_real_life(area: str, source: Source, *, takes: bool) -> Iterator[Look]:
    """What rights alone don't tell: what lies in the folder, and what a share makes of us."""
    what = str(source.folder)
    found = list(islice(obstacles(source.folder, recursive=source.recursive, takes=takes), _SHOWN + 1))
    for path, lacking in found[:_SHOWN]:
        fix = f"chown {_me()} it, or have its group in common; exclude leaves it out"
        yield Look(area, str(path), Health.TROUBLE, f"{_me()} may not {lacking} it ({_bits(path)})", fix)
    if len(found) > _SHOWN:
        yield Look(area, what, Health.TROUBLE, "there are more of this kind", "see above")
    if not takes:
        return
    tried = trial(source.folder)
    if tried.problem:
        said = f"its rights allow to take files, and yet it can't be done: {tried.problem}"
        fix = "on a share its server decides: look at the export, or the share's own rights, for this user"
        yield Look(area, what, Health.TROUBLE, said, fix)
    if tried.ahead_s:
        way = "ahead of" if tried.ahead_s > 0 else "behind"
        said = f"its clock is {abs(tried.ahead_s):.0f} s {way} this machine's; times of files are off by that"
        yield Look(area, what, Health.ADVICE, said, "have both ask one time server")
    if tried.folds_case:
        said = "names that differ in capitals only are one file there"
        yield Look(area, what, Health.ADVICE, said, "testers must not tell files apart by that")


def _access(area: str, folder: Path, *, takes: bool) -> Look:
    """Whether files can be seen, and in mode move be taken, which changes the folder and not the file."""
    needed = {"read": os.R_OK, "enter": os.X_OK, **({"write": os.W_OK} if takes else {})}
    lacking = [word for word, mode in needed.items() if not os.access(folder, mode)]
    status, bits = folder.stat(), _bits(folder)
    if takes and is_read_only(folder):
        found = "it is mounted read-only, and taking a file changes it"
        return Look(area, str(folder), Health.TROUBLE, found, 'mount it for writing, or set mode = "keep"')
    if lacking:
        why = ", and taking a file needs that" if lacking == ["write"] else ""
        return Look(
            area,
            str(folder),
            Health.TROUBLE,
            f"{_me()} may not {' and '.join(lacking)} it ({bits}){why}",
            _own(folder),
        )
    if takes and status.st_mode & 0o1000 and os.geteuid() not in {0, status.st_uid}:
        found = f"in a folder with the sticky bit only a file's owner may take it away ({bits})"
        return Look(area, str(folder), Health.TROUBLE, found, f'chmod -t {folder}, or mode = "keep"')
    return Look(area, str(folder), Health.GOOD, f"files can be {'taken' if takes else 'read'} ({bits})")


def _pollers(settings: WorkerSettings) -> Iterator[Look]:
    """Whether scheduled sources could be asked. That they answer, ``polls try`` shows."""
    if not settings.scheduled and settings.poll.plugins is None:
        return
    found = pollers(settings)
    wrong = {(mistake.loc[:2]): mistake for mistake in check_pollers(settings)}
    for position, source in enumerate(settings.scheduled):
        mistake = wrong.get(("scheduled", position))
        asked = f"asked by {source.poller!r}"
        area = f"source {source.name}"
        if mistake is None:
            yield Look(area, "poller", Health.GOOD, f"{asked}; 'wats-worker polls try {source.name}' asks it")
        else:
            what = f"{dotted(mistake.loc[2:])}: {mistake.what}"
            yield Look(area, "poller", Health.TROUBLE, what, mistake.fix)
    for poller in found:
        if poller.name and not poller.bundled and not poller.absence:
            trust = "trusted: it runs with all rights of the worker"
            yield Look("pollers", poller.name, Health.ADVICE, trust, "know its author")
        elif poller.absence:
            yield Look("pollers", poller.name or poller.origin, Health.ADVICE, "not used", poller.absence)


def _converters(settings: WorkerSettings) -> Iterator[Look]:
    made = roster(settings, search(settings.convert.plugins))
    yield Look("converters", "ready", Health.GOOD, str(len(made.ready)))
    folder = settings.convert.plugins
    if folder is not None and folder.is_dir() and folder.stat().st_mode & stat.S_IWOTH:
        found = "everybody can write to it, and so decide what reports say"
        yield Look("converters", str(folder), Health.TROUBLE, found, f"chmod o-w {folder}")
    for entry in made.aside:
        yield Look(
            "converters", entry.name or entry.origin, Health.TROUBLE, entry.reason, "mend or remove it"
        )
    for entry in made.ready:
        if entry.capabilities.trusted:
            found = "trusted: it runs outside the jail and can do what the worker can"
            yield Look("converters", entry.name, Health.ADVICE, found, "grant it what it needs instead")


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that is there and that we may see."""
    for place in (path, *path.parents):
        with suppress(PermissionError):
            if place.exists():
                return place
    return Path("/")


def _own(folder: Path) -> str:
    return f"chown {_me()} {folder}, or give its group the right"


def _me() -> str:
    return _user(os.geteuid()) if hasattr(os, "geteuid") else getpass.getuser()


def _bits(path: Path) -> str:
    status = path.stat()
    return f"{_user(status.st_uid)}, {status.st_mode & 0o7777:o}"


def _user(uid: int) -> str:
    try:
        import pwd  # noqa: PLC0415  Windows has none

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):  # a container's user needs no name
        return f"user {uid}"


def _file_system(path: Path) -> str:
    """The kind of file system that a path is on; empty where /proc does not tell."""
    try:
        mounts = [
            line.split()
            for line in Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        ]
    except OSError:
        return ""
    real = path.resolve()
    around = [(mount[1], mount[2]) for mount in mounts if real.is_relative_to(mount[1])]
    return max(around, key=lambda mount: len(mount[0]), default=("", ""))[1]
