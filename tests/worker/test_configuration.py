"""The configuration's file brought up to date, mended, changed and shown: nothing of it is ever lost."""

import json
import os
import tomllib
from functools import partial
from pathlib import Path

import jsonschema
import pytest
from crashing import killed_at_every_line
from support import ROOT
from typer.testing import CliRunner

from wats_broker.files import Backups, held
from wats_broker.names import Stage
from wats_worker.cli.main import app
from wats_worker.settings import Misconfigured, WorkerSettings, load
from wats_worker.settings.changing import (
    ChangedMeanwhile,
    lock,
    mark,
    outdated,
    put,
    remember,
    repair,
    upgrade,
)
from wats_worker.settings.described import json_schema
from wats_worker.settings.difference import READ_BY, REFUSED, difference
from wats_worker.settings.repair import MARK, NothingLeft, salvage
from wats_worker.settings.upgrade import SCHEMA_VERSION, STEPS, upgraded

OLD = """\
# Hall 2.
schema_version = 1   # of the first release

[server]
url = "https://plant.example"

# The slow one.
[[sources]]
name = "ict"
folder = "/srv/ict"
quiet_seconds = 20   # it thinks
look_seconds = 5
mode = "grow"
grow = { heading = "SN", quiet_seconds = 3.5 }

[[scheduled]]
name = "share"
poller = "listing"
every = "5m"
[scheduled.poller_options]
folder = "/srv/share"
quiet_seconds = 90   # copied over a slow line

[[scheduled]]
name = "own"
poller = "acme"
every = "5m"
poller_options = { quiet_seconds = 1 }   # theirs to name
"""

TODAY = """\
# Hall 2.
schema_version = 2   # of the first release

[server]
url = "https://plant.example"

# The slow one.
[[sources]]
name = "ict"
folder = "/srv/ict"
quiet_s = 20   # it thinks
look_s = 5
mode = "grow"
grow = { heading = "SN", quiet_s = 3.5 }

[[scheduled]]
name = "share"
poller = "listing"
every = "5m"
[scheduled.poller_options]
folder = "/srv/share"
quiet_s = 90   # copied over a slow line

[[scheduled]]
name = "own"
poller = "acme"
every = "5m"
poller_options = { quiet_seconds = 1 }   # theirs to name
"""

SMALL = '[server]\nurl = "https://plant.example"\n'


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    """The configuration that counts here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "wats.toml"


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["config", *map(str, words)])
    return done.exit_code, done.output


class TestUpgrading:
    def test_an_old_file_is_written_anew_and_its_comments_stay(self, file):
        """Every sign that is no key of ours is where it was; the old file is kept."""
        file.write_text(OLD)

        new, done = upgrade(file)

        assert file.read_text() == TODAY
        assert done.backup is not None
        assert done.backup.read_text() == OLD
        assert new.was == 1
        assert "sources #1 grow: quiet_seconds is now quiet_s" in new.changes

    def test_an_old_file_can_be_used_as_it_is(self, file):
        """Through the same steps, with a word about it, and nothing is written."""
        file.write_text(OLD)

        settings = load(file)

        assert (settings.sources[0].quiet_s, settings.sources[0].grow.quiet_s) == (20, 3.5)
        assert settings.scheduled[0].poller_options["quiet_s"] == 90
        assert settings.scheduled[1].poller_options == {"quiet_seconds": 1}
        assert "'wats-worker config upgrade'" in outdated(file)
        assert file.read_text() == OLD

    def test_what_it_gives_is_what_it_gave_before(self, file):
        """Loaded before or after, it means the same."""
        file.write_text(OLD)
        before = load(file)
        upgrade(file)

        assert load(file) == before
        assert outdated(file) == ""

    def test_a_file_that_does_not_say_its_schema_says_it_afterwards(self, file):
        """Below the comments it begins with."""
        file.write_text("# Hall 2.\n[server]\nverify = false\n")

        upgrade(file)

        assert file.read_text() == "# Hall 2.\nschema_version = 2\n\n[server]\nverify = false\n"

    def test_a_file_of_today_is_left_alone(self, file):
        """Nothing is written, and no backup made of nothing."""
        file.write_text(TODAY)

        assert upgrade(file)[1].backup is None
        assert {*file.parent.iterdir()} == {file, lock(file)}

    def test_a_newer_file_is_refused(self, file):
        """What its keys mean is not known here."""
        file.write_text("schema_version = 3\n")

        code, told = run("upgrade", file)

        assert code == 78
        assert "written for schema 3, and this release knows them up to 2" in told
        assert file.read_text() == "schema_version = 3\n"

    def test_a_mistake_stands_where_it_was_written(self, file):
        """An old name has today's in its place, on the line that the person sees."""
        file.write_text("[[sources]]\nname = 'a'\nfolder = '/in'\nquiet_seconds = -1\n")

        with pytest.raises(Misconfigured, match=r"wats.toml:4: sources #1 quiet_s"):
            load(file)

    def test_killed_at_any_step_it_leaves_the_old_or_the_new(self, file):
        """And the lock is free for the next one, and the old file kept."""
        file.write_text(OLD)
        new = upgraded(OLD).text
        found = set()
        put(file, OLD)  # loads what only a change needs, so that no child has to
        # Only where something is written: the rest is thousands of lines that decide.
        where = (str(ROOT / "wats_broker/files"),)
        for _ in killed_at_every_line(lambda: put(file, new), where=where, stride=7):
            found.add(file.read_text())
            file.write_text(OLD)
            for left in {*file.parent.iterdir()} - {file, lock(file)}:
                left.unlink()

        assert found == {OLD, new}

    def test_every_step_leads_to_the_next(self):
        """There is one for each schema since the first."""
        assert sorted(STEPS) == list(range(2, SCHEMA_VERSION + 1))


class TestChanging:
    def test_what_has_a_mistake_is_not_written(self, file):
        """It is checked before the file is touched."""
        file.write_text(SMALL)

        with pytest.raises(Misconfigured, match="unknown key"):
            put(file, "[sorver]\n")
        assert file.read_text() == SMALL

    def test_of_two_who_change_it_at_once_one_is_told(self, file):
        """Nobody overwrites what he has not seen."""
        file.write_text(SMALL)
        seen = mark(SMALL)
        put(file, f"{SMALL}verify = false\n", seen=seen)

        with pytest.raises(ChangedMeanwhile):
            put(file, f"{SMALL}requests_per_minute = 5\n", seen=seen)
        assert file.read_text() == f"{SMALL}verify = false\n"

    def test_who_holds_the_lock_is_named(self, file, monkeypatch):
        """A process that hangs can be found."""
        file.write_text(OLD)
        monkeypatch.setattr("wats_worker.settings.changing.held", partial(held, patience_s=0.05))
        with held(lock(file)):
            code, told = run("upgrade", file)

        assert code == 2
        assert f"is locked by process {os.getpid()} on" in told

    def test_its_mode_stays(self, file):
        """Whoever could read it still can, and its backup is not for more eyes."""
        file.write_text(OLD)
        file.chmod(0o640)

        _, done = upgrade(file)

        assert done.backup is not None
        assert (file.stat().st_mode & 0o777, done.backup.stat().st_mode & 0o777) == (0o640, 0o600)


class TestRepairing:
    def test_a_damaged_file_gets_its_newest_good_content(self, file):
        """What it was is kept, and named."""
        file.write_text(TODAY)
        remember(file)
        file.write_bytes(TODAY.encode()[:100] + b"\0" * 400)

        code, told = run("repair", file)

        assert code == 0
        assert file.read_text() == TODAY
        (damaged,) = file.parent.glob("*.damaged")
        assert damaged.read_bytes().endswith(b"\0" * 400)
        assert damaged.name in told

    def test_a_half_written_file_without_backup_keeps_what_can_be_read(self, file):
        """Each lost line is told, without its value, and stays as a comment."""
        file.write_text(
            f'{SMALL}token = "s3cret\n[[sources]]\nname = "a"\nfolder = "/in/a"\n[[sources]]\nname = "b"\nfol'
        )

        code, told = run("repair", file)

        assert code == 0
        assert [source.name for source in load(file).sources] == ["a"]
        assert "line 3: token = …" in told
        assert "line 8: name = …: belongs to a table that misses 'folder' now" in told
        assert "s3cret" not in told
        assert f'{MARK}name = "b"' in file.read_text()

    def test_a_file_of_nothing_is_not_taken_for_an_empty_one(self, file):
        """A line that starts with nothing but defaults would be worse than one that does not."""
        file.write_bytes(b"\0" * 4096)

        code, told = run("repair", file)

        assert code == 2
        assert "Nothing in the file can be read" in told
        assert file.read_bytes() == b"\0" * 4096

    def test_a_mistake_is_no_damage(self, file):
        """A person mends it, or asks for the backup."""
        file.write_text(SMALL)
        remember(file)
        file.write_text("[sorver]\n")

        assert repair(file) is None
        code, _ = run("repair", file, "--backup")
        assert code == 0
        assert file.read_text() == SMALL

    def test_keys_below_a_lost_heading_do_not_move_to_the_table_above(self):
        """The server's address must not become the broker's."""
        left = salvage(
            b'[broker]\nnamespace = "plant"\n[server\nurl = "https://plant.example"\n[log]\nlevel = "debug"\n',
            lambda _: (),
        )

        assert tomllib.loads(left.text) == {"broker": {"namespace": "plant"}, "log": {"level": "debug"}}
        assert [lost.line for lost in left.lost] == [3, 4]

    @pytest.mark.parametrize(
        ("open_end", "lost"),
        [
            ('include = ["*"', [6]),
            ('station = """FCT', [6]),
            ("options = { a = 1", [6]),
            ('station = "FCT', [6]),
        ],
    )
    def test_what_was_left_open_takes_nothing_else_along(self, open_end, lost):
        """Reading ends far below, and yet one line is to blame."""
        text = f'[[sources]]\nname = "a"\nfolder = "/a"\n\n# The line\n{open_end}\n\n[[sources]]\nname = "b"\nfolder = "/b"\n'

        left = salvage(text.encode(), lambda _: ())

        assert [line.line for line in left.lost] == lost
        assert [source["name"] for source in tomllib.loads(left.text)["sources"]] == ["a", "b"]

    @pytest.mark.parametrize("cut", range(20, len(TODAY), 23))
    def test_wherever_it_was_cut_off_it_can_be_used_afterwards(self, file, cut):
        """With no more lost than the end."""
        text = TODAY[:cut]
        file.write_text(text)
        try:
            done = repair(file)
        except NothingLeft:
            assert cut < 40
            return

        if done is not None:
            load(file)
            assert file.read_text().splitlines()[:2] == text.splitlines()[:2] or cut < 60


class TestShowing:
    def test_every_value_says_where_it_is_from(self, file, monkeypatch):
        """The file and the line, the variable, or nobody."""
        file.write_text(
            "[server]\nurl = 'https://plant.example'\n[[sources]]\nname = 'a'\nfolder = 'in'\nquiet_seconds = 2\n"
        )
        monkeypatch.setenv("WATS_UPLOAD__THREADS", "3")

        shown = {
            one["key"]: one
            for one in json.loads(CliRunner().invoke(app, ["config", "show", "--json"]).stdout)
        }

        assert shown["server.url"]["origin"] == f"{file}:2"
        assert shown["sources #1 quiet_s"] == {
            "key": "sources #1 quiet_s",
            "value": 2.0,
            "origin": f"{file}:6",
        }
        assert (shown["upload.threads"]["value"], shown["upload.threads"]["origin"]) == (
            3,
            "WATS_UPLOAD__THREADS",
        )
        assert shown["log.level"]["origin"] == "default"

    def test_no_secret_is_shown(self, file):
        """Wherever it came from."""
        (file.parent / "token").write_text("s3cret-1")
        file.write_text(
            "[server]\ntoken_file = 'token'\nproxy = 'http://me:s3cret-2@host:1'\n[broker]\nurl = 'redis://:s3cret-3@host:1'\n"
        )

        code, told = run("show")

        assert code == 0
        assert "s3cret" not in told
        assert f"from {file}:2" in told

    def test_the_schema_takes_the_example_and_finds_mistakes(self):
        """So an editor that knows it helps and does not lie."""
        schema = jsonschema.Draft202012Validator(json_schema())
        jsonschema.Draft202012Validator.check_schema(json_schema())
        example = (ROOT / "wats.example.toml").read_text()
        every = tomllib.loads('[[scheduled]]\nname = "a"\npoller = "sql"\nevery = "5m"\n')

        assert not list(schema.iter_errors(tomllib.loads(example)))
        assert not list(schema.iter_errors(every))
        assert list(schema.iter_errors({"broker": {"max_queue_sise": 5}}))


class TestWhatAChangeMeans:
    def test_a_new_source_starts_anew_who_knows_sources(self):
        """The broker and the clock go on."""
        old = WorkerSettings(sources=[{"name": "a", "folder": "/a"}])
        new = WorkerSettings(sources=[{"name": "a", "folder": "/a"}, {"name": "b", "folder": "/b"}])

        found = difference(old, new)

        assert set(found.stages) == {Stage.WATCH, Stage.CONVERT, Stage.UPLOAD, Stage.ARCHIVE, Stage.CONTROL}
        assert {key.split(".")[1] for key in found.keys} == {"b"}
        assert found.is_live

    def test_nothing_changed_is_nothing_to_do(self):
        """Sources in another order are the same sources."""
        a, b = {"name": "a", "folder": "/a"}, {"name": "b", "folder": "/b"}

        assert difference(WorkerSettings(sources=[a, b]), WorkerSettings(sources=[b, a])).stages == ()

    @pytest.mark.parametrize("key", sorted(REFUSED))
    def test_what_all_have_to_agree_on_is_not_taken_up_live(self, key):
        """And the text says what to do instead."""
        others = {
            "broker.url": "redis://elsewhere:6379/0",
            "broker.namespace": "other",
            "broker.embedded_fsync": "always",
            "broker.embedded_tcp": True,
            "archive.folder": "/elsewhere",
            "archive.url": "s3://elsewhere",
            "spool.folder": "/elsewhere",
            "spool.url": "s3://elsewhere",
        }
        section, _, name = key.partition(".")

        found = difference(WorkerSettings(), WorkerSettings(**{section: {name: others[key]}}))

        assert not found.is_live
        assert "stop the line" in found.refused[key]

    def test_every_section_is_somebodys(self):
        """One that nobody reads could be changed without anybody taking it up."""
        unread = {name for name, stages in READ_BY.items() if not stages}

        assert set(READ_BY) <= set(WorkerSettings.model_fields)
        assert unread == {"schema_version", "simulator"}


def test_backups_are_few(file):
    """However often it is changed."""
    for number in range(15):
        put(file, f"[broker]\nmax_queue_size = {number}\n")

    assert len(Backups(file).newest_first()) == 10
