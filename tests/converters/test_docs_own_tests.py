"""The page on tests of one's own: what a reader copies from it gives a report."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from support import ROOT

from wats_worker.converters.base import Source
from wats_worker.converters.conventions import Facts
from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf

PAGE = (ROOT / "docs/how-to/report-from-your-own-tests.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_tells_the_truth_about_pytest(tmp_path: Path) -> None:
    """Its test, run by its command, and converted by its source."""
    (tmp_path / "test_board.py").write_text(blocks("python")[0])
    [command] = blocks("sh")
    arguments = command.split()[1:]
    subprocess.run([sys.executable, *arguments, "-p", "no:cacheprovider"], cwd=tmp_path, check=True, capture_output=True)  # fmt: skip
    [source] = tomllib.loads(blocks("toml")[0])["sources"]
    chosen = bundled()[source["converter"]]
    data = (tmp_path / "SN-1.xml").read_bytes()
    [report] = chosen.convert(
        Source.of_bytes(data, "SN-1.xml"), chosen.options(process_code=source["process_code"])
    )
    document = wsjf.document(report)

    assert (document["sn"], document["pn"], document["result"]) == ("SN-1", "PN-1", "P")
    assert document["root"]["steps"][0]["steps"][0]["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "value": 3.301, "unit": "V", "lowLimit": 3.135, "highLimit": 3.465}
    ]


def test_the_page_names_every_fact() -> None:
    """Each name in its table means something."""
    rows = re.findall(r"^\| ([a-z][^|]*) \|", PAGE, re.MULTILINE)
    names = [name for row in rows if row != "name" for name in row.split(", ")]
    options: Any = bundled()["junit-xml"].options()

    assert len(names) > 10
    assert [name for name in names if not Facts(options).take(name, "1")] == []


def test_the_pages_sources_are_taken() -> None:
    """Their options are those of their converters."""
    for text in blocks("toml"):
        [source] = tomllib.loads(text)["sources"]
        assert bundled()[source["converter"]].options(**source.get("options", {}))
