"""The configuration: where it comes from, and how its mistakes are told."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined
from support import ROOT

from wats_worker.settings import Misconfigured, WorkerSettings, load
from wats_worker.settings.lines import locate
from wats_worker.settings.mistakes import section_at

EXAMPLE = ROOT / "wats.example.toml"
#: Tables that nobody needs; the example has them commented out.
OPTIONAL = {"sources", "pools", "converters", "scheduled", "pollers"}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a configuration file, one argument a line, and gives its path. Nothing else is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "site"))

    def write_lines(*lines: str) -> Path:
        path = tmp_path / "plant.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


def told(path: Path | None) -> list[str]:
    """What ``load`` says is wrong, without the folder of the file."""
    with pytest.raises(Misconfigured) as raised:
        load(path)
    return [str(mistake).rpartition("/plant.toml:")[2] for mistake in raised.value.mistakes]


class TestWhereItComesFrom:
    def test_nothing_at_all_is_fine(self, write):
        """No file, no sources: the defaults."""
        settings = load()

        assert settings.sources == ()
        assert settings.broker.url == "embedded:"
        assert settings.spool.folder.is_absolute()

    def test_the_nearest_file_wins(self, write, tmp_path, monkeypatch):
        """--config, then WATS_CONFIG, then ./wats.toml, then your folder, then the machine's."""
        places = [
            tmp_path / "site/wats-worker/wats.toml",
            tmp_path / "home/wats-worker/wats.toml",
            tmp_path / "wats.toml",
            tmp_path / "variable.toml",
        ]
        found = []
        for number, place in enumerate(places):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"[broker]\nmax_queue_size = {number}")
            if place.name == "variable.toml":
                monkeypatch.setenv("WATS_CONFIG", str(place))
            found.append(load().broker.max_queue_size)

        assert found == [0, 1, 2, 3]
        assert load(write("[broker]", "max_queue_size = 4")).broker.max_queue_size == 4

    def test_a_file_that_was_asked_for_must_be_there(self, write, monkeypatch):
        """A slip in a path must not start a worker with the defaults."""
        monkeypatch.setenv("WATS_CONFIG", "/nowhere/wats.toml")

        assert told(None) == [
            "/nowhere/wats.toml: can't be read: No such file or directory; check the path given"
        ]

    def test_the_environment_wins_over_the_file(self, write, monkeypatch):
        """Key by key; the rest of the section stays as the file has it."""
        monkeypatch.setenv("WATS_BROKER__MAX_QUEUE_SIZE", "7")
        monkeypatch.setenv("WATS_SOURCES", '[{"name": "a", "folder": "/in"}]')
        path = write("[broker]", "max_queue_size = 5", "max_concurrent_uploads = 2")

        settings = load(path)

        assert (settings.broker.max_queue_size, settings.broker.max_concurrent_uploads) == (7, 2)
        assert settings.sources[0].folder == Path("/in")

    def test_a_relative_folder_means_the_files_folder(self, write, tmp_path, monkeypatch):
        """Wherever the worker was started. In the environment it means where we are."""
        path = write("[spool]", 'folder = "spool"', "[[sources]]", 'name = "a"', 'folder = "in/a"')
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        assert load(path).spool.folder == tmp_path / "spool"
        assert load(path).sources[0].folder == tmp_path / "in/a"
        monkeypatch.setenv("WATS_SPOOL__FOLDER", "here")
        assert load(path).spool.folder == tmp_path / "elsewhere/here"

    @pytest.mark.parametrize("how", ["file", "variable"])
    def test_a_secret_can_lie_in_a_file_of_its_own(self, write, tmp_path, monkeypatch, how):
        """As docker's secrets do; the newline an editor left is not part of it."""
        (tmp_path / "token").write_text("bGluZTpzZWNyZXQ=\n")
        path = write("[server]", 'token_file = "token"' if how == "file" else "")
        if how == "variable":
            monkeypatch.setenv("WATS_SERVER__TOKEN_FILE", str(tmp_path / "token"))

        settings = load(path)

        assert settings.server.token.get_secret_value() == "bGluZTpzZWNyZXQ="
        assert "bGluZTpzZWNyZXQ" not in repr(settings)
        assert settings.secrets() == ["bGluZTpzZWNyZXQ="]

    @pytest.mark.parametrize(
        "pasted",
        [
            "https://plant.wats.com",
            "https://plant.wats.com/",
            "https://plant.wats.com/api",
            ' "https://plant.wats.com/API/" ',
        ],
    )
    def test_the_server_is_understood_however_it_was_pasted(self, pasted):
        """With a slash, with /api, with quotes."""
        assert WorkerSettings(server={"url": pasted}).server.url == "https://plant.wats.com"

    def test_a_path_prefix_stays(self):
        """Old installations live below /wats."""
        assert WorkerSettings(server={"url": "http://host/wats/api/"}).server.url == "http://host/wats"

    @pytest.mark.parametrize("pasted", ["abc=", ' "abc=" ', "Basic abc=", "'abc='\n"])
    def test_the_token_is_understood_however_it_was_pasted(self, pasted):
        """With quotes, blanks, or the word that goes before it on the wire."""
        assert WorkerSettings(server={"token": pasted}).server.token.get_secret_value() == "abc="


class TestHowMistakesAreTold:
    def test_every_mistake_is_told_at_once(self, write):
        """With file, line, key, what is wrong, and the fix."""
        path = write(
            "[broker]",
            "max_queue_sise = 5",
            "max_concurrent_uploads = 0",
            "[sorces]",
            "[[sources]]",
            'name = "ict"',
            'folder = "/a"',
            "[[sources]]",
            'name = "Line 4"',
            "[sources.options]",
            "anything = 1",
            "[log]",
            'level = "loud"',
        )

        assert told(path) == [
            "3: broker.max_concurrent_uploads: should be greater than or equal to 1; the default is 5",
            "2: broker.max_queue_sise: unknown key; did you mean max_queue_size?",
            "9: sources #2 name: must match ^[a-z0-9-]{1,40}$; write it in small letters, digits and hyphens",
            "8: sources #2 folder: is missing; add it",
            "13: log.level: should be 'debug', 'info', 'warning' or 'error'; the default is 'info'",
            "4: sorces: unknown key; did you mean sources?",
        ]

    def test_the_file_is_named(self, write):
        """Whoever has three of them knows which one to open."""
        path = write("x = 1")

        with pytest.raises(
            Misconfigured, match=re.escape(f"1 mistake in the configuration:\n  {path}:1: x: ")
        ):
            load(path)

    def test_what_is_not_toml_is_told_with_its_line(self, write):
        """A missing quote."""
        assert told(write("[server]", 'url = "https://a', "[log]"))[0].startswith("2: is not TOML: ")

    def test_a_mistake_in_a_variable_names_the_variable(self, write, monkeypatch):
        """Nobody searches a file for it. A misspelt section is found as well."""
        monkeypatch.setenv("WATS_BROKER__MAX_QUEUE_SIZE", "many")
        monkeypatch.setenv("WATS_SERVRE__TOKEN", "s3cret")
        monkeypatch.setenv("WATS_LOG__LEVLE", "debug")

        assert told(write("[broker]")) == [
            "WATS_BROKER__MAX_QUEUE_SIZE: broker.max_queue_size: should be a valid integer, "
            "unable to parse string as an integer; the default is 10000",
            "WATS_LOG__LEVLE: log.levle: unknown key; did you mean level?",
            "WATS_SERVRE__TOKEN: no section is called 'servre'; did you mean server?",
        ]

    def test_a_variable_that_is_not_json_is_told(self, write, monkeypatch):
        """Lists come as JSON."""
        monkeypatch.setenv("WATS_SOURCES", "ict,aoi")

        assert "sources" in told(None)[0]
        assert told(None)[0].endswith("write it as JSON, or use the file")

    def test_a_file_for_a_newer_schema_is_refused(self, write):
        """Its keys may mean something else."""
        assert told(write("schema_version = 3"))[0].startswith(
            "1: schema_version: the file is written for schema 3, and this release knows them up to 2; "
        )

    def test_no_secret_is_repeated(self, write):
        """Not even one in the wrong place or of the wrong form."""
        path = write(
            "[server]",
            'token = "s3cret with blanks"',
            'url = "https://user:s3cret@host"',
            "[broker]",
            'url = "redis://:s3cret@host:port"',
            'passwort = "s3cret"',
        )

        assert len(told(path)) == 4
        assert "s3cret" not in str(told(path))

    def test_an_unreadable_secret_is_named_by_its_key(self, write):
        """And two places for one secret are one too many."""
        path = write(
            "[broker]",
            'url = "redis://host"',
            'password_file = "/nowhere"',
            "[server]",
            'token = "abc"',
            'token_file = "/nowhere"',
        )

        assert told(path) == [
            "3: broker.password_file: can't read the secret: No such file or directory; "
            "check the path and who may read the file",
            "6: server.token_file: token and token_file are both set; keep one of them",
        ]


def _source(name: str, folder: str, *more: str) -> list[str]:
    return ["[[sources]]", f'name = "{name}"', f'folder = "{folder}"', *more]


class TestContradictions:
    @pytest.mark.parametrize(
        ("lines", "key", "what"),
        [
            (_source("a", "/x") + _source("a", "/y"), "sources #2 name", "already the name of source #1"),
            (
                _source("a", "/x") + _source("b", "/x/"),
                "sources #2 folder",
                "is the folder of source 'a' too",
            ),
            (
                _source("a", "/x/y") + _source("b", "/x", "recursive = true"),
                "sources #1 folder",
                "inside the folder of source 'b', which is recursive",
            ),
            (
                ["[spool]", 'folder = "/x/spool"', *_source("a", "/x")],
                "spool.folder",
                "lie inside each other",
            ),
            (["[spool]", 'folder = "/x"', *_source("a", "/x/in")], "spool.folder", "lie inside each other"),
            (
                ["[sandbox]", 'scratch = "/x/s"', *_source("a", "/x")],
                "sandbox.scratch",
                "lie inside each other",
            ),
            (
                ["[convert]", 'plugins = "/x/in/p"', *_source("a", "/x/in")],
                "convert.plugins",
                "lie inside each other",
            ),
            (
                ["[broker]", 'url = "embedded:/x/b"', *_source("a", "/x")],
                "broker.url",
                "lie inside each other",
            ),
            (
                _source("a", "/x", 'mode = "keep"', 'after = "move"', 'done_folder = "/y"'),
                "sources #1 after",
                '"move" contradicts mode "keep"',
            ),
            (_source("a", "/x", 'after = "keep"'), "sources #1 after", '"keep" contradicts mode "move"'),
            (
                _source("a", "/x", 'mode = "grow"', 'after = "delete"'),
                "sources #1 after",
                '"delete" contradicts mode "grow"',
            ),
            (_source("a", "/x", 'grow = {heading = "#"}'), "sources #1 grow", 'no effect with mode "move"'),
            (
                _source("a", "/x", 'mode = "grow"', 'grow = {key = ["Serial"]}'),
                "sources #1 grow.key",
                "say how the heading begins",
            ),
            (_source("a", "/x", 'mode = "grow"', 'marker = ".ok"'), "sources #1 marker", "never finished"),
            (
                _source("a", "/x", 'mode = "grow"', 'unit = "stem"'),
                "sources #1 unit",
                "can't be one that grows",
            ),
            (
                _source("a", "/x", 'unit = "stem"', "recursive = true"),
                "sources #1 recursive",
                "contradicts unit",
            ),
            (
                _source("a", "/x", 'unit_members = ["*"]'),
                "sources #1 unit_members",
                "a unit is one file here",
            ),
            (_source("a", "/x", 'after = "zip"'), "sources #1 after", "needs a folder"),
            (_source("a", "/x", 'done_folder = "/y"'), "sources #1 done_folder", "has no effect"),
            (
                _source("a", "/x", 'after = "move"', 'done_folder = "/x/Done"', "recursive = true"),
                "sources #1 done_folder",
                "is watched by source 'a'",
            ),
            (
                _source("a", "/x", 'pool = "convert.heavy"'),
                "sources #1 pool",
                "there is no pool 'convert.heavy'",
            ),
            (["[convert]", "wall_s = 900"], "broker.visibility_timeout_s", "still be converting"),
            (["[converters.x]", "wall_s = 900"], "broker.visibility_timeout_s", "still be converting"),
            (["[convert]", "alarm_below = 0.1"], "convert.alarm_below", "never takes effect"),
        ],
    )
    def test_two_settings_that_are_wrong_together(self, write, lines, key, what):
        """Each is told once, at the key that has to change."""
        (mistake,) = told(write(*lines))

        assert f" {key}: " in mistake
        assert what in mistake
        assert "; " in mistake

    def test_a_link_to_the_same_folder_is_the_same_folder(self, write, tmp_path):
        """Two watchers of one folder would fight over its files."""
        (tmp_path / "link").symlink_to(tmp_path / "in")

        assert "is the folder of source 'a' too" in told(write(*_source("a", "in"), *_source("b", "link")))[0]

    def test_what_is_not_contradictory_is_taken(self, write):
        """Neighbours, a sub folder of a source that is not recursive, Done inside such a folder, keep and archive."""
        path = write(
            *_source("a", "/x", 'after = "move"', 'done_folder = "/x/Done"'),
            *_source("b", "/x/b", 'mode = "keep"'),
            *_source("c", "/xy", "recursive = true", 'pool = "convert.heavy"'),
            '[pools."convert.heavy"]',
            "wall_s = 450",
        )

        assert [source.name for source in load(path).sources] == ["a", "b", "c"]
        assert load(path).pool("convert.heavy").wall_s == 450


class TestConverters:
    def test_a_converters_limits_count_before_its_pools(self):
        """What it does not say is as in the pool, and what that does not say as in [convert]."""
        settings = WorkerSettings(
            convert={"memory_mb": 100, "cpu_s": 10},
            pools={"convert.heavy": {"memory_mb": 200, "wall_s": 20}},
            converters={"stdf": {"memory_mb": 300}},
        )

        limits = settings.limits("convert.heavy", "stdf")

        assert (limits.memory_mb, limits.wall_s, limits.cpu_s) == (300, 20, 10)
        assert settings.limits("convert.heavy", "other").memory_mb == 200
        assert settings.longest_wall_s("convert", "convert.heavy") == 300

    @pytest.mark.parametrize("name", ["WATS_SERVER__TOKEN", "wats_broker__password"])
    def test_no_converter_is_granted_a_secret_of_the_worker(self, write, name):
        """Nobody hands the token to a stranger's code by a slip."""
        (mistake,) = told(write("[converters.x]", f'environment = ["{name}"]'))

        assert "is a setting of the worker; hand it over under another name" in mistake


def _uncommented(text: str) -> str:
    """The example with its optional keys in force, but for those that exclude each other."""
    lines = re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE).splitlines()
    return "\n".join(
        line
        for line in lines
        if not re.match(
            r"(token|password|sentinel_password|authorization|url|access_key|secret_key)_file|options|every|grow",
            line,
        )
    )


def _documented(text: str) -> dict[str, dict[str, str]]:
    """Section → key → value as written, commented out or not."""
    sections: dict[str, dict[str, str]] = {"": {}}
    section = ""
    for line in text.splitlines():
        if header := re.match(r"#?\[+([a-z]+)", line):
            section = header[1]
            sections[section] = {}
        elif pair := re.match(r"(#?)([a-z_]+) = (.+?)(\s+# .*)?$", line):
            sections[section][pair[2]] = pair[1] + pair[3]
    return sections


class TestTheExample:
    def test_as_it_stands_it_is_the_defaults(self, write):
        """Whoever copies it whole has changed nothing."""
        assert load(EXAMPLE) == load()

    def test_every_optional_line_can_be_put_in_force(self, write, tmp_path):
        """Each example value is one that is taken."""
        text = _uncommented(EXAMPLE.read_text())
        for option in ("ca_file", "cert_file", "key_file"):
            text = re.sub(rf'^{option} = ".*?"', f'{option} = "{EXAMPLE}"', text, flags=re.MULTILINE)
        text = text.replace('url = "embedded:"', 'url = "rediss://queue.example"')
        text = text.replace('after = "archive"', 'after = "zip"')

        settings = load(write(text))

        assert settings.sources[0].station == "ICT-4"
        assert settings.scheduled[0].cron == "*/10 6-22 * * 1-5"
        assert settings.pools["convert.heavy"].memory_mb == 4096

    @pytest.mark.parametrize("section", sorted(WorkerSettings.model_fields))
    def test_every_key_is_in_it_with_its_default(self, section):
        """And nothing that is no key."""
        documented = _documented(EXAMPLE.read_text())
        if section == "schema_version":
            assert documented[""] == {"schema_version": "2"}
            return
        model = section_at(WorkerSettings, (section,)) or section_at(WorkerSettings, (section, 0))

        assert set(documented[section]) == set(model.model_fields)
        wrong = {
            key: written
            for key, written in documented[section].items()
            if not _is_default(model, key, written, optional=section in OPTIONAL)
        }
        assert wrong == {}


def _is_default(model: type[BaseModel], key: str, written: str, *, optional: bool) -> bool:
    field = model.model_fields[key]
    if field.default_factory is None and field.default in (None, PydanticUndefined):
        return written.startswith("#")
    value = tomllib.loads(f"value = {written.removeprefix('#')}")["value"]
    if field.default_factory is not None:
        # Depends on the machine, or is an empty table.
        return written.startswith("#")
    return written.startswith("#") == optional and value == _plain(field.default)


def _plain(default: Any) -> Any:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return list(default) if isinstance(default, tuple) else default


class TestTheLocator:
    def test_it_knows_every_way_to_write_a_key(self):
        """Tables, arrays of tables, dotted and quoted keys, inline tables, arrays over several lines."""
        written = [
            "# a = 1",
            'plain = "[not] # a = table"',
            "dotted.key . 'with blank' = 1",
            "[table.inner]",
            'many = """',
            "fake = 1",
            '[fake] """""',
            "inline = { a = 1, b.c = [ { d = 2 } ] }",
            "[[list]] # first",
            "x = 1979-05-27 07:32:00",
            "[list.sub]",
            "y = [ # comment ]",
            "  1,",
            "  [2, '''",
            "]'''],",
            "]",
            "[[list]]",
            "x = '\\' # \"",
            "[[list.deep]]",
            "[[list.deep]]",
            'z = "\\"]"',
        ]
        text = "\n".join(written)

        lines = locate(text)

        assert _paths(tomllib.loads(text)) <= set(lines)
        assert {
            ("plain",): 2,
            ("dotted", "key", "with blank"): 3,
            ("table", "inner"): 4,
            ("table", "inner", "inline", "b", "c", 0, "d"): 8,
            ("list",): 9,
            ("list", 0, "x"): 10,
            ("list", 0, "sub", "y", 1): 14,
            ("list", 0, "sub", "y", 1, 1): 14,
            ("list", 1): 17,
            ("list", 1, "x"): 18,
            ("list", 1, "deep", 1): 20,
            ("list", 1, "deep", 1, "z"): 21,
        }.items() <= lines.items()

    @given(
        st.recursive(
            st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=8
        )
    )
    def test_it_keeps_its_place_in_any_value(self, value):
        """Whatever stands on a line, the key on the next line is found there."""
        text = f"first = {_toml(value)}\nsecond = 1"

        lines = locate(text)

        assert lines["second",] == text.count("\n") + 1
        assert _paths(tomllib.loads(text)) == set(lines)


def _paths(value: Any, at: tuple = ()) -> set[tuple]:
    """Every way into a parsed document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path for key, inner in pairs for path in {(*at, key)} | _paths(inner, (*at, key))}


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_toml(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    escaped = "".join(f"\\U{ord(sign):08x}" if not sign.isalnum() else sign for sign in value)
    return f'"{escaped}"'
