"""Mistakes in the configuration of scheduled sources: told with line and fix, before anything is asked."""

import os

import pytest
from worker.poll.conftest import HEAD

from wats_worker.poll.checks import check_pollers
from wats_worker.settings import Misconfigured, load


@pytest.fixture
def told(tmp_path):
    """``told(*lines)``: what is wrong with these lines, without the folder of the file."""
    (tmp_path / "pollers").mkdir()
    (tmp_path / "pollers" / "acme.py").write_text(f"{HEAD}\ndef poll(options, cursor): ...")
    (tmp_path / "secret").write_text("s3cret")

    def told(*lines: str) -> list[str]:
        file = tmp_path / "plant.toml"
        file.write_text("\n".join(["[poll]", 'plugins = "pollers"', *lines]))
        try:
            load(file, checks=[check_pollers])
        except Misconfigured as wrong:
            return [str(mistake).rpartition("/plant.toml:")[2] for mistake in wrong.mistakes]
        return []

    return told


def scheduled(poller: str = "acme", *options: str, when: str = 'every = "5m"') -> list[str]:
    return [
        "[[scheduled]]",
        'name = "mes"',
        f'poller = "{poller}"',
        when,
        "[scheduled.poller_options]",
        *options,
    ]


TRUSTED = ["[pollers.acme]", "trusted = true"]


def test_what_fits_is_fine(told, tmp_path, monkeypatch):
    """Ours and a trusted one; secrets from files and variables; dates as TOML writes them."""
    monkeypatch.setenv("MES_PASSWORD", "s3cret")

    assert told(*scheduled("listing", 'folder = "/in"')) == []
    assert told(*TRUSTED, *scheduled("acme", f'password_file = "{tmp_path}/secret"', "count = 4")) == []
    assert told(*TRUSTED, *scheduled("acme", 'password_env = "MES_PASSWORD"')) == []
    query = 'query = "SELECT * FROM a WHERE t > :cursor ORDER BY t"'
    assert (
        told(*scheduled("sql", 'database = "/a.db"', query, 'cursor = "t"', "start = 2026-03-17T08:00:00"))
        == []
    )


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        (
            scheduled("listings", 'folder = "/in"'),
            "5: scheduled #1 poller: there is no poller 'listings'; did you mean listing?",
        ),
        (
            scheduled("acme"),
            "5: scheduled #1 poller: 'acme' can't be used; it would run outside of the jail, with all that the worker "
            "may; if you would give its author a login, set [pollers.acme] trusted = true",
        ),
        (
            ["[pollers.acmee]", "trusted = true"],
            "3: pollers.acmee: there is no poller 'acmee'; did you mean acme?",
        ),
        (
            ["[pollers.sql]", "trusted = true"],
            "3: pollers.sql: 'sql' comes with wats-worker, and is trusted; remove it",
        ),
        (
            scheduled("listing", 'foldr = "/in"', 'folder = "/in"'),
            "8: scheduled #1 poller_options.foldr: unknown key; did you mean folder?",
        ),
        (
            scheduled("listing", 'folder = "in"'),
            "8: scheduled #1 poller_options.folder: is not a whole path; write it from the root, such as /srv/…",
        ),
        (
            [*TRUSTED, *scheduled("acme", 'password = "s3cret"')],
            "10: scheduled #1 poller_options.password: a secret must not stand in the configuration; write it to a file "
            "and name that as password_file, or name a variable as password_env",
        ),
        (
            [*TRUSTED, *scheduled("acme", 'password_file = "secret"')],
            "10: scheduled #1 poller_options.password_file: is not a whole path; write it from the root, such as "
            "/run/secrets/mes",
        ),
        (
            [*TRUSTED, *scheduled("acme", 'password_env = "NOWHERE"')],
            "10: scheduled #1 poller_options.password_env: there is no variable NOWHERE; set it for the worker's processes",
        ),
        (
            [*TRUSTED, *scheduled("acme", 'word = "a"', 'word_env = "PATH"')],
            "11: scheduled #1 poller_options.word_env: word is given in two places; keep one of them",
        ),
        (
            scheduled("sql", 'database = "/a.db"', 'query = "DELETE"', 'cursor = "id"', "start = 0"),
            "9: scheduled #1 poller_options.query: does not begin with SELECT or WITH; ask with a SELECT; nothing may be "
            "changed",
        ),
    ],
)  # fmt: skip
def test_what_does_not_is_told_with_its_line_and_its_fix(told, lines, mistake):
    """Before a source is asked, and without repeating a secret."""
    (found,) = told(*lines)

    assert found == mistake


@pytest.mark.parametrize(
    ("when", "mistake"),
    [
        ("", "every: neither every nor cron is set"),
        ('every = "5m"\ncron = "* * * * *"', "every: every and cron are both set"),
        ('every = "soon"', "every: is no interval; write it like 30s, 5m, 1h30m or 1d"),
        ('every = "0s"', "every: should be greater than or equal to 1"),
        ('cron = "*/10 6-22 * *"', "cron: has 4 fields; write five"),
        ('cron = "61 * * * *"', "cron: is no cron expression: Invalid end range: 61 > 59"),
        ('cron = "0 0 30 2 *"', "cron: is no cron expression: Invalid crontab"),
        ('cron = "a * * * *"', "cron: is no cron expression"),
        ('cron = "* * * * *"\ncron_timezone = "Oslo"', "cron_timezone: there is no time zone 'Oslo'"),
        ('every = "5m"\ncron_timezone = "Europe/Oslo"', "cron_timezone: has no effect without cron"),
    ],
)
def test_a_schedule_that_is_none_is_told(told, when, mistake):
    """In the words of whoever reads it."""
    (found,) = told(*scheduled(when=when))

    assert f"scheduled #1 {mistake}" in found


def test_a_poller_that_can_t_be_loaded_is_told(told, tmp_path):
    """Whatever it raises."""
    (tmp_path / "pollers" / "acme.py").write_text(f"{HEAD}\ndef poll(options, cursor): ...\n1 / 0")

    (found,) = told(*TRUSTED, *scheduled())

    assert "'acme' can't be loaded: ZeroDivisionError: division by zero; mend " in found


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_trusted_poller_of_somebody_else_is_not_used(told, tmp_path):
    """He could change it at any time."""
    os.chown(tmp_path / "pollers" / "acme.py", 12345, 12345)

    (found,) = told(*TRUSTED, *scheduled())

    assert "acme.py belongs to another user" in found


def test_names_are_unique_over_both_kinds_of_sources(told):
    """The name is part of every file's identity."""
    found = told("[[sources]]", 'name = "mes"', 'folder = "/in"', *scheduled("listing", 'folder = "/in"'))

    assert found == [
        "7: scheduled #1 name: 'mes' is already the name of source #1; "
        "give each source its own name; it is part of every file's identity"
    ]
