"""What the documentation tells people to type has to exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from support import ROOT

from wats_worker import settings as configuration
from wats_worker.cli.main import app

PAGES = sorted([ROOT / "README.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/**/*.md")])
PAGE_NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
COMMAND_LINE = re.compile(r"(?:^|`|/bin/)wats-worker( [^`\n]*)", re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def understand(words: list[str]) -> None:
    """Follow a command line into the command tree; fail at a word that is not there."""
    command = typer.main.get_command(app)
    for word in words:
        below = getattr(command, "commands", {})
        takes_values = any(not option.is_flag for option in options(command))
        if word.startswith("-"):
            known = {name for option in options(command) for name in option.opts} | {"--help"}
            assert word.partition("=")[0] in known, f"{command.name} has no option {word}"
        elif word in below:
            command = below[word]
        elif below and not takes_values:
            pytest.fail(f"{command.name} has no command {word}")


def options(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if parameter.param_type_name == "option"]


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_command_exists(page):
    """Each command line of ours on the page can be followed, options included."""
    for line in COMMAND_LINE.findall(page.read_text()):
        understand(shlex.split(line.replace("…", ""), comments=True))


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_link_leads_somewhere(page):
    """Links to other pages and files of the project are not broken."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_configuration_can_be_used(page, tmp_path):
    """A reader who copies a configuration from the page finds no mistake in it."""
    secret = tmp_path / "token"
    secret.write_text("dGVzdDp0ZXN0")
    for number, block in enumerate(blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(re.sub(r'token_file = "[^"]*"', f'token_file = "{secret}"', block))

        configuration.load(file)


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_make_target_exists(page):
    """What the page asks make for is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets
