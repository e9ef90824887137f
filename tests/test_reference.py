"""The reference pages are what the code says; ``make docs`` makes them again."""

import ast
from pathlib import Path

import pytest
from support import ROOT

from wats_broker import errors
from wats_worker.cli import handbook as commands
from wats_worker.control import handbook as protocol
from wats_worker.settings import WorkerSettings
from wats_worker.settings import handbook as settings


@pytest.mark.parametrize(
    ("name", "made"), [("settings", settings.page), ("protocol", protocol.page), ("cli", commands.page)]
)
def test_the_page_is_what_the_code_says(name, made):
    """A setting, a message or a command that was changed is changed there as well."""
    page = ROOT / f"docs/reference/{name}.md"

    assert page.read_text() == made(), "run 'make docs'"


def test_every_section_is_on_the_page_with_its_keys():
    """With its variable, and whether a change of it can be taken up while the line runs."""
    page = settings.page()

    for section in WorkerSettings.model_fields:
        assert section == "schema_version" or f"[{section}" in page, section
    assert '| `url` | text | `"embedded:"` |  | restart |' in page
    assert "`WATS_TELEMETRY__ENDPOINT`" in page


def test_every_refusal_is_on_the_page():
    """Each code that the door can answer with."""
    told = {(status, code) for status, code, _ in protocol.REFUSALS}

    found = {
        pair
        for file in [*ROOT.glob("wats_worker/control/*.py"), *ROOT.glob("wats_worker/app/*.py")]
        for pair in refusals(file)
    }

    assert found - told == set()


def refusals(file: Path):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) == "Problem"
            and len(node.args) >= 2
            and all(isinstance(one, ast.Constant) for one in node.args[:2])
        ):
            yield node.args[0].value, node.args[1].value


def test_every_error_is_in_the_picture():
    """Whoever catches one sees which others there are."""
    known = {
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, errors.BrokerError)
    }

    assert [name for name in known if name not in errors.__doc__] == []
