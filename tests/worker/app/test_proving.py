"""Is everything that is kept what it was? Every byte that is touched is found."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner
from worker.keeping import kept

from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.app.proving import prove
from wats_worker.archive.evidence import Evidence
from wats_worker.cli.main import app
from wats_worker.settings import load
from wats_worker.trail.book import Book
from wats_worker.trail.entry import Event, Told
from wats_worker.trail.manifests import seal_days
from wats_worker.trail.proof import PURGED


@pytest.fixture
def config(tmp_path, broker, real_redis):
    (tmp_path / "in").mkdir()
    file = tmp_path / "wats.toml"
    file.write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\n'
    )
    return file


@pytest.fixture
def line(config):
    line = Line(load(config), Stage.CONTROL)
    yield line
    line.close()


@pytest.fixture
def file_id(line):
    """A file that was archived today; the day is sealed, as if it was tomorrow."""
    line.trail.write(Told(Event.DONE, "the first act"))
    file_id = kept(line, "SN-1", b'{"sn":"SN-1"}')
    seal(line)
    return file_id


def seal(line):
    tomorrow = Book(line.trail.layout.folder, clock=lambda: datetime.now(UTC) + timedelta(days=1, hours=2))
    seal_days(tomorrow, Evidence(line.archive_store).of_day)


def findings(line):
    return [str(finding) for finding in prove(line, line.trail.seal().witness).proof.findings]


def blob_file(line, blob):
    (found,) = (line.settings.archive_folder() / "blobs").rglob(f"{blob.sha256}*")
    return found


def test_what_nobody_touched_is_whole(line, file_id):
    """And how much was read is told."""
    proved = prove(line, line.trail.seal().witness)

    assert proved.proof.findings == ()
    assert (proved.files, proved.bytes, proved.proof.records) == (1, 17, 1)


def test_a_changed_byte_of_a_file(line, file_id):
    """By the file's name, for who looks for it."""
    file = blob_file(line, line.archive.record(file_id).original)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)

    (found,) = findings(line)

    assert found.startswith(f"changed: the bytes of file {file_id} (SN-1.log): blob")


def test_reports_that_are_gone(line, file_id):
    """Unless the trail says that a rule purged them."""
    record = line.archive.record(file_id)
    line.archive.forget([record.bodies])
    (found,) = findings(line)
    line.trail.write(Told(Event.DONE, PURGED, facts={"files": [file_id]}))

    assert found.startswith(f"missing: the reports of file {file_id} (SN-1.log): blob")
    assert findings(line) == []


def test_a_record_that_is_gone(line, file_id):
    """The list of its day still has it."""
    line.archive_store.delete(f"files/{file_id[:2]}/{file_id}/000001")

    (found,) = findings(line)

    assert found.startswith(f"missing: files/{file_id[:2]}/{file_id}/000001")


def test_a_record_that_was_exchanged(line, file_id):
    """It is a good record; it is not the one of that day."""
    key = f"files/{file_id[:2]}/{file_id}/000001"
    record = line.archive.record(file_id)
    line.archive_store.delete(key)
    line.archive.add(record.model_copy(update={"post_action": "delete"}))

    assert f"changed: {key}: it was archived on" in findings(line)[0]


def test_a_record_that_was_slipped_in(line, file_id):
    """Into a day that is sealed."""
    records = line.settings.archive_folder() / "files"
    (first,) = records.rglob("000001")
    slipped = kept(line, "SN-2", b"{}")
    shutil.copystat(first, records / slipped[:2] / slipped / "000001")

    (found,) = findings(line)

    assert found.startswith("added: files/")


def test_the_command_says_what_is_wrong(line, file_id, config):
    """With an exit code for scripts; another key than the trail's trusts nothing."""
    fine = CliRunner().invoke(app, ["archive", "verify", "--config", str(config), "--json"])
    line.archive.forget([line.archive.record(file_id).original])
    wrong = CliRunner().invoke(app, ["archive", "verify", "--config", str(config)])
    stranger = config.with_name("key")
    stranger.write_text("ab" * 32)
    other = CliRunner().invoke(
        app, ["archive", "verify", "--config", str(config), "--public-key", str(stranger)]
    )

    assert (fine.exit_code, json.loads(fine.stdout)["findings"]) == (0, [])
    assert wrong.exit_code == 1
    assert "missing: the bytes of file" in wrong.stdout
    assert "no good signature" in other.stdout
