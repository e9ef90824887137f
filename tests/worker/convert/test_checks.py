"""Mistakes in the configuration that only the converters show: told like all others, with line and fix."""

import pytest

from wats_worker.convert.checks import check_converters
from wats_worker.settings import Misconfigured, load

PLUGIN = """
from wats_worker.converters import base
NAME, TITLE, VERSION = "acme-ict", "Acme", "1"
class Options(base.Options):
    sheet: int = 1
def probe(head, tail, name): ...
def convert(source, options): ...
"""


@pytest.fixture
def told(tmp_path):
    """``told(*lines)``: what is wrong with these lines, without the folder of the file."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "acme.py").write_text(PLUGIN)

    def told(*lines: str) -> list[str]:
        file = tmp_path / "plant.toml"
        file.write_text("\n".join(["[convert]", 'plugins = "plugins"', *lines]))
        try:
            load(file, checks=[check_converters])
        except Misconfigured as wrong:
            return [str(mistake).rpartition("/plant.toml:")[2] for mistake in wrong.mistakes]
        return []

    return told


def source(converter: str, *options: str, facts: str = "") -> list[str]:
    return [
        "[[sources]]",
        'name = "a"',
        'folder = "/in"',
        f'converter = "{converter}"',
        facts,
        "[sources.options]",
        *options,
    ]


def test_what_fits_is_fine(told):
    """Ours, a plugin with its own option, one that is found by itself, grants for both kinds."""
    assert told(*source("teststand-xml", 'date_order = "dmy"')) == []
    assert (
        told(*source("acme-ict", "sheet = 2", 'purpose = "x"'), "[converters.acme-ict]", "threads = 1") == []
    )
    assert (
        told(*source("auto", 'timezone = "Europe/Oslo"'), "[converters.wats-json]", "enabled = false") == []
    )


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        (
            source("wats-jsn"),
            "6: sources #1 converter: there is no converter 'wats-jsn'; did you mean wats-json?",
        ),
        (
            ["[converters.acme]", "threads = 1"],
            "3: converters.acme: there is no converter 'acme'; did you mean acme-ict?",
        ),
        (
            source("teststand-xml", 'date_ordr = "dmy"'),
            "9: sources #1 options.date_ordr: unknown key; did you mean date_order?",
        ),
        (
            source("teststand-xml", 'date_order = "dym"'),
            "9: sources #1 options.date_order: should be 'dmy', 'mdy' or 'ymd'",
        ),
        (
            source("acme-ict", "sheeet = 1"),
            "9: sources #1 options.sheeet: unknown key; did you mean sheet?",
        ),
        (
            source("auto", 'date_order = "dmy"'),
            "9: sources #1 options.date_order: unknown key; name the converter of this source, if the option "
            "belongs to one",
        ),
        (
            [*source("wats-text"), "[converters.wats-text]", "enabled = false"],
            "6: sources #1 converter: 'wats-text' is disabled; remove it here, or set [converters.wats-text] "
            "enabled = true",
        ),
    ],
)
def test_what_does_not_is_told_with_its_line_and_its_fix(told, lines, mistake):
    """Before a file has come."""
    (found,) = told(*lines)

    assert found == mistake


def test_a_plugin_that_is_set_aside_does_not_stop_the_line(told, tmp_path):
    """The source that names it may mean just that one; its files wait, and everything else goes on."""
    (tmp_path / "plugins" / "acme.py").write_text("def x(")

    assert told(*source("acme-ict", "sheet = 2"), "[converters.acme-ict]", "threads = 1") == []
