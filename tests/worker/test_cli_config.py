"""``wats-worker config``: the running line's configuration changed, and every kind of file that may lie there."""

import tomllib

import pytest
from doors import open_door
from typer.testing import CliRunner

from wats_worker.cli.main import app
from wats_worker.settings import load

SECRET = "wats-s3cret-token"


@pytest.fixture
def config(tmp_path, broker, real_redis):
    (tmp_path / "in").mkdir()
    file = tmp_path / "wats.toml"
    file.write_text(
        f'schema_version = 2\n[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[server]\nurl = "https://plant.example"\ntoken = "{SECRET}"  # of the plant\n'
        f'[control]\nburst = 200\n[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\n'
    )
    return file


@pytest.fixture
def run(config):
    """One command: exit code, and all that it said."""

    def run(*words, given=None):
        result = CliRunner().invoke(app, ["config", *words], input=given)
        return result.exit_code, result.output

    return run


class TestOfARunningLine:
    @pytest.fixture(autouse=True)
    def line(self, config):
        with open_door(config) as line:
            yield line

    def test_one_key_is_set(self, run, config):
        """A source is called by its name; what is beside it stays, the secret and its comment too."""
        before = config.read_text()

        code, said = run("set", "sources.ict.station", "ICT 1", "--config", str(config))

        assert config.read_text() == before + 'station = "ICT 1"\n'
        assert "Changed: sources.ict.station" in said
        assert (code, "start these stages again" in said) == (1, True)  # no supervisor is there to ask
        assert SECRET not in said

    def test_a_secret_comes_by_the_standard_input(self, run, config):
        """Not by a command line, which others can read."""
        run("set", "server.token", "-", "--config", str(config), given="another-one\n")

        assert load(config).server.token.get_secret_value() == "another-one"

    def test_one_key_is_taken_out(self, run, config):
        """Its default counts then. What is not there is told."""
        assert "Changed: control.burst" in run("unset", "control.burst", "--config", str(config))[1]

        code, said = run("unset", "control.burst", "--config", str(config))

        assert "burst" not in config.read_text()
        assert (code, "'control.burst' is not set.\nNothing was changed." in said) == (2, True)

    def test_a_key_that_is_none_changes_nothing(self, run, config):
        """Neither one that nobody knows, nor a source that is not there, nor what is no key at all."""
        before = config.read_text()

        unknown = run("set", "server.tokne", "x", "--config", str(config))
        nowhere = run("set", "sources.fct.station", "x", "--config", str(config))
        nothing = run("set", "= x", "x", "--config", str(config))

        assert [code for code, _ in (unknown, nowhere, nothing)] == [2, 2, 2]
        assert "did you mean token?" in unknown[1]
        assert "there is none called 'fct'" in nowhere[1]
        assert "is no key" in nothing[1]
        assert config.read_text() == before

    def test_a_whole_text_is_tried_and_applied(self, run, config, tmp_path):
        """With the secret masked as the door shows it; first only to see what it would change."""
        new = tmp_path / "new.toml"
        new.write_text(
            config.read_text().replace(SECRET, "***").replace("burst = 200", "burst = 300")
            + "[upload]\nthreads = 2\n"
        )
        before = config.read_text()

        code, said = run("apply", str(new), "--dry-run", "--config", str(config))
        assert (code, config.read_text()) == (0, before)
        assert "Changed: control.burst, upload.threads" in said
        code, said = run("apply", str(new), "--config", str(config))

        after = tomllib.loads(config.read_text())
        assert (after["server"]["token"], after["control"]["burst"]) == (SECRET, 300)
        assert "Written; what it was before is in" in said

    def test_what_would_need_a_stop_is_told_and_not_done(self, run, config, tmp_path):
        """With --restart it is written, and the line goes on as it was."""
        before = config.read_text()

        code, said = run("set", "spool.folder", f"{tmp_path}/other", "--config", str(config))
        assert (code, config.read_text()) == (2, before)
        assert "move the folder" in said
        code, _ = run("set", "spool.folder", f"{tmp_path}/other", "--restart", "--config", str(config))

        assert code == 1
        assert load(config).spool.folder == tmp_path / "other"

    def test_what_has_mistakes_is_told_line_by_line(self, run, config, tmp_path):
        """And exit code 78, as everywhere."""
        bad = tmp_path / "bad.toml"
        bad.write_text("[server]\nurll = 1\n")

        code, said = run("apply", str(bad), "--dry-run", "--config", str(config))

        assert code == 78
        assert f"{config}:2: server.urll: unknown key; did you mean url?" in said


class TestOfALineThatIsNotThere:
    def test_an_old_file_is_upgraded(self, run, config):
        """It can be used as it is; the command writes it anew with its comments."""
        config.write_text(
            "# Hall 3.\n" + config.read_text().replace("schema_version = 2\n", "") + "quiet_seconds = 2\n"
        )

        assert run("check", str(config))[0] == 0
        code, said = run("upgrade", str(config))

        assert (code, "quiet_seconds is now quiet_s" in said) == (0, True)
        assert config.read_text().startswith("# Hall 3.\n")
        assert load(config).sources[0].quiet_s == 2
        assert list(config.parent.glob("wats.toml.*.backup"))

    def test_a_newer_file_is_refused(self, run, config):
        """By every command that would read it, and it stays as it is."""
        config.write_text(config.read_text().replace("schema_version = 2", "schema_version = 3"))
        before = config.read_text()

        for command in ("check", "upgrade"):
            code, said = run(command, str(config))
            assert code == 78
            assert "written for schema 3, and this release knows them up to 2" in said
        assert config.read_text() == before

    def test_a_damaged_file_gets_its_backup(self, run, config):
        """The one that a line began to run with, say."""
        good = config.read_text()
        assert run("upgrade", str(config))[0] == 0  # keeps nothing: there is nothing to upgrade
        from wats_worker.settings.changing import remember

        remember(config)
        config.write_bytes(good.encode()[:80] + b"\0\xff\0" + good.encode()[90:])

        assert run("check", str(config))[0] == 78
        code, said = run("repair", str(config))

        assert (code, config.read_text()) == (0, good)
        assert ".damaged" in said

    def test_a_half_written_file_keeps_what_can_be_read(self, run, config):
        """Where there is no backup; what is lost is told, without its value."""
        good = config.read_text()
        config.write_text(good[: good.index('"  # of the plant')])

        assert run("check", str(config))[0] == 78
        code, said = run("repair", str(config))

        assert code == 0
        assert "token = …" in said
        assert SECRET not in said
        assert load(config).server.url == "https://plant.example"
