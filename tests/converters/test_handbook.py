"""The page about formats says what the converters say."""

import re

import pytest
from support import ROOT

from wats_worker.converters import base, handbook
from wats_worker.converters.registry import modules

PAGE = ROOT / "docs/reference/formats.md"
NAMES = [module.NAME for module in modules()]


def test_the_page_is_not_stale() -> None:
    """Whoever changes a converter makes it anew: `make docs`."""
    assert PAGE.read_text(encoding="utf-8") == handbook.page(), "run 'make docs'"


@pytest.mark.parametrize("module", modules(), ids=NAMES)
def test_every_converter_says_what_it_knows(module) -> None:
    """What its files are, how it recognises them, what comes out, what becomes what."""
    assert module.__doc__.splitlines()[0].endswith((".", ":")), "a docstring that opens with one sentence"
    assert module.probe.__doc__
    assert module.convert.__doc__
    assert hasattr(module, "MAPPING"), "say in MAPPING what becomes what; the other modules show how"
    facts = " ".join(module.MAPPING)
    assert re.search("everything|nothing|serial number", facts)
    assert re.search("everything|nothing|steps", facts)


@pytest.mark.parametrize("module", modules(), ids=NAMES)
def test_every_option_has_a_meaning(module) -> None:
    """As a comment above it, in the language of whoever sets it."""
    own = module.Options.model_fields.keys() - base.Options.model_fields.keys()
    meanings = dict(handbook.meanings(module.Options))

    assert {name for name in own if not meanings.get(name)} == set()


def test_the_contents_lead_to_the_sections() -> None:
    """No title makes an anchor of its own kind."""
    page = handbook.page()
    headings = set(re.findall(r"^## (.+)$", page, re.MULTILINE))

    assert {module.TITLE for module in modules()} <= headings
    assert len(set(re.findall(r"\]\(#([^)]+)\)", page))) == len(modules())
