"""A pyWATS client's configuration taken over: what it says is said in our words, the rest is named."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wats_worker.cli.main import app
from wats_worker.settings import WorkerSettings, load
from wats_worker.settings.pywats import NotPywats, moved

#: What the first client wrote: it did not say its schema, and its converters had no folders but one.
FIRST: dict[str, Any] = {
    "instance_id": "a1b2c3d4",
    "instance_name": "WATS Client",
    "service_address": "https://plant.example/",
    "api_token": "bGluZTpzM2NyZXQ=",
    "proxy": {"enabled": True, "host": "proxy.example", "port": 3128, "username": "me", "password": "p@ss"},
    "sync_interval_seconds": 300,
    "reports_folder": "reports",
    "max_retry_attempts": 5,
    "retry_interval_seconds": 90,
    "converters_folder": "converters",
    "converters": [
        {
            "name": "ICT Line 4",
            "module_path": "converters.standard.teradyne_spectrum_ict_converter.TeradyneSpectrumICTConverter",
            "watch_folder": "/srv/ict",
            "enabled": True,
            "arguments": {},
            "file_patterns": ["*.*"],
        }
    ],
    "log_level": "DEBUG",
    "yield_threshold": 95.0,
}

SECOND: dict[str, Any] = {
    "schema_version": "2.0",
    "instance_id": "default",
    "service_address": "https://plant.example",
    "api_token": "bGluZTpzM2NyZXQ=",
    "station_name": "FCT-7",
    "location": "Hall 2",
    "purpose": "Production",
    "proxy_mode": "manual",
    "proxy_host": "proxy.example",
    "proxy_port": 8080,
    "proxy_auth": False,
    "max_queue_size": 5000,
    "max_concurrent_uploads": 3,
    "max_retry_attempts": 10,
    "retry_interval_seconds": 30,
    "enable_cache": True,
    "sn_mode": "Manual Entry",
    "converters": [
        {
            "name": "Functional test",
            "module_path": "converters.acme.AcmeConverter",
            "watch_folder": "C:\\testers\\fct",
            "done_folder": "C:\\testers\\fct\\Done",
            "error_folder": "C:\\testers\\fct\\Error",
            "converter_type": "file",
            "file_patterns": ["*.csv", "*.txt"],
            "arguments": {"delimiter": ";"},
            "alarm_threshold": 0.7,
            "reject_threshold": 0.3,
            "max_retries": 4,
            "retry_delay_seconds": 60,
            "post_action": "move",
            "priority": 1,
        },
        {
            "name": "Audio",
            "module_path": "converters.standard.klippel_converter.KlippelConverter",
            "watch_folder": "/srv/audio",
            "converter_type": "folder",
            "readiness_marker": "COMPLETE.marker",
            "reject_threshold": 0.4,
            "post_action": "archive",
        },
        {
            "name": "Audio",
            "module_path": "x.AtmlConverter",
            "watch_folder": "/srv/atml",
            "post_action": "keep",
        },
        {
            "name": "Nightly",
            "module_path": "x.Y",
            "converter_type": "scheduled",
            "schedule_interval_seconds": 60,
        },
        {"name": "Old", "module_path": "x.Y", "watch_folder": "/srv/old", "enabled": False},
    ],
    "log_level": "CRITICAL",
}


def taken(theirs: dict[str, Any], folder: Path, **paths: str) -> tuple[WorkerSettings, list[str]]:
    """Our settings made of theirs, as they are loaded, and what was said."""
    found = moved(json.dumps(theirs).encode(), token_file=folder / "token", paths=paths)
    (folder / "token").write_text(found.token)
    (folder / "wats.toml").write_text(found.text)
    return load(folder / "wats.toml"), [str(note) for note in found.notes]


def test_the_first_schema_is_taken_over(tmp_path):
    """Server, token, proxy, retries, log level, and the folder with its converter."""
    ours, notes = taken(FIRST, tmp_path)

    assert ours.server.url == "https://plant.example"
    assert ours.server.token.get_secret_value() == "bGluZTpzM2NyZXQ="
    assert ours.server.proxy.get_secret_value() == "http://me:p%40ss@proxy.example:3128"
    assert ours.upload.retry_schedule_s == (90, 120, 600, 1800, 3600)
    assert ours.log.level == "debug"
    (source,) = ours.sources
    assert (source.name, source.folder, source.converter) == (
        "ict-line-4",
        Path("/srv/ict"),
        "teradyne-spectrum",
    )
    assert source.include == ("*",)
    assert any(note.startswith("yield_threshold: ") for note in notes)
    assert any(note.startswith("station_name_source: ") for note in notes)


def test_the_second_schema_is_taken_over(tmp_path):
    """Stations, thresholds, the queue, folders as units, and what becomes of the files."""
    ours, _ = taken(SECOND, tmp_path, **{"C:\\testers": "/mnt/testers"})

    fct, audio, atml = ours.sources
    assert (fct.name, fct.folder, fct.done_folder) == (
        "functional-test",
        Path("/mnt/testers/fct"),
        Path("/mnt/testers/fct/Done"),
    )
    assert (fct.station, fct.location, fct.purpose) == ("FCT-7", "Hall 2", "Production")
    assert (fct.include, fct.priority, fct.after, fct.converter) == (("*.csv", "*.txt"), 0, "move", "auto")
    assert (audio.unit, audio.unit_members, audio.converter) == ("folder", ("COMPLETE.marker",), "klippel")
    assert (atml.name, atml.mode, atml.after) == ("audio-2", "keep", "keep")
    assert (ours.convert.reject_below, ours.convert.alarm_below, ours.convert.unfinished_s) == (0.4, 0.7, 240)
    assert (ours.broker.max_queue_size, ours.broker.max_concurrent_uploads, ours.upload.threads) == (
        5000,
        3,
        3,
    )
    assert ours.log.level == "error"


def test_what_has_no_counterpart_is_named(tmp_path):
    """Each key of theirs that was set, with what to do instead."""
    _, notes = taken(SECOND, tmp_path, **{"C:\\testers": "/mnt/testers"})

    keys = [note.partition(": ")[0] for note in notes]
    assert {"enable_cache", "sn_mode", "max_retry_attempts"} <= set(keys)
    assert "converters 'Functional test' arguments" in keys
    assert "converters 'Functional test' error_folder" in keys
    assert "converters 'Functional test' module_path" in keys
    assert "converters 'Nightly' is written as a comment" in keys
    assert "converters 'Old' is written as a comment" in keys
    assert not any("is not known" in note and "module_path" not in note for note in notes)


def test_a_path_of_another_machine_is_not_watched(tmp_path):
    """Until somebody says what it is here; the source is a comment, ready to be completed."""
    ours, notes = taken(SECOND, tmp_path)

    assert [source.name for source in ours.sources] == ["audio", "audio-2"]
    assert any("C:\\testers\\fct is no path on this machine" in note for note in notes)
    assert '#name = "functional-test"' in (tmp_path / "wats.toml").read_text()


def test_the_active_station_counts(tmp_path):
    """A client that stands for several stations sent as the active one."""
    stations = [{"key": "a", "name": "FCT-A"}, {"key": "b", "name": "FCT-B", "location": "Hall 9"}]
    hub = FIRST | {"multi_station_enabled": True, "station_presets": stations, "active_station_key": "b"}

    ours, notes = taken(hub, tmp_path)

    assert (ours.sources[0].station, ours.sources[0].location) == ("FCT-B", "Hall 9")
    assert any("FCT-A, FCT-B" in note for note in notes)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "it is no JSON"),
        (b"[]", "not the config.json of a pyWATS client"),
        (b'{"name": "my-package", "version": "1.0.0"}', "not the config.json of a pyWATS client"),
        (json.dumps(SECOND | {"schema_version": "3.0"}).encode(), "of schema 3.0; 1.0 and 2.0 can be read"),
        (json.dumps(SECOND | {"converters": "none"}).encode(), "converters: "),
    ],
)
def test_what_is_none_is_refused(content, why):
    """With the reason."""
    with pytest.raises(NotPywats, match=why):
        moved(content, token_file=Path("/token"))


def test_the_command_writes_a_configuration_and_a_private_token(tmp_path, monkeypatch):
    """The token stands in no other file and on no screen."""
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text(json.dumps(FIRST))

    done = CliRunner().invoke(app, ["config", "import", "config.json"])

    assert done.exit_code == 0
    assert "wats.toml: written; the token is in" in done.output
    assert Path("wats-token").read_text() == "bGluZTpzM2NyZXQ=\n"
    assert {stat.S_IMODE(Path(name).stat().st_mode) for name in ("wats-token", "wats.toml")} == {0o600}
    assert "bGluZTpzM2NyZXQ=" not in done.output + Path("wats.toml").read_text()


def test_what_is_there_is_not_written_over(tmp_path, monkeypatch):
    """A second try with other words goes to another file."""
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text(json.dumps(FIRST))
    Path("wats.toml").write_text("# mine\n")

    done = CliRunner().invoke(app, ["config", "import", "config.json"])

    assert done.exit_code == 2
    assert "is there already" in done.output
    assert Path("wats.toml").read_text() == "# mine\n"
    assert not Path("wats-token").exists()
