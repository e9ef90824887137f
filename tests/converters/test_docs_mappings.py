"""The page on mappings: each configuration on it makes the report of the file above it."""

import re
import tomllib

import pytest
from support import ROOT

from wats_worker.converters.base import Source
from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf

PAGE = (ROOT / "docs/how-to/map-your-own-csv.md").read_text()
PAIRS = re.findall(r"^```\n(.*?)^```\n+```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("sample", "mapping"), PAIRS)
def test_the_page_tells_the_truth(sample: str, mapping: str) -> None:
    """A reader who copies both gets the unit that stands in the sample."""
    [source] = tomllib.loads(mapping)["sources"]
    chosen = bundled()[source["converter"]]
    facts = {key: source[key] for key in ("part_number", "process_code", "timezone") if key in source}
    reports = chosen.convert(
        Source.of_bytes(sample.encode(), "log"), chosen.options(**source["options"], **facts)
    )
    documents = [wsjf.document(report) for report in reports]

    assert documents[0]["sn"] == "SN-1"
    assert documents[0]["result"] == "P"
    assert documents[0]["root"]["steps"][0]["numericMeas"][0] | {"value": 5.01, "lowLimit": 4.9, "highLimit": 5.1, "unit": "V"} == documents[0]["root"]["steps"][0]["numericMeas"][0]  # fmt: skip


def test_the_page_has_one_of_each() -> None:
    """Three layouts of tables, and a text."""
    assert len(PAIRS) == 4
