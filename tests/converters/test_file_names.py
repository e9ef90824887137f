"""Facts that stand in the name of a file, and codes that are none."""

from typing import Any

import pytest
from pydantic import ValidationError

from wats_worker.converters import barcodes, file_names
from wats_worker.converters.base import Refused, Source

FULL = r"^(?P<serial_number>[^_]+)_(?P<part_number>[^_]+)_(?P<operator>[^_]+)_(?P<start>[0-9-]+)"


def put(name: str, rule: str | None, **document: Any) -> dict[str, Any]:
    options = file_names.Options(file_name=rule, timezone="Europe/Oslo")
    file_names.put(document, Source.of_bytes(b"", name), options)
    return document


def test_the_groups_of_a_rule_fill_what_is_missing() -> None:
    """Each says where it is from."""
    document = put("SN-1_PN-1_op17_2026-03-17-081405.csv", FULL)

    assert (document["sn"], document["pn"], document["uut"]) == ("SN-1", "PN-1", {"user": "op17"})
    assert document["start"] == "2026-03-17T08:14:05+01:00"
    assert {"description": "Serial number", "text": "SN-1 (from the file's name)"} in document["miscInfos"]


def test_the_file_goes_before_its_name() -> None:
    """Somebody may have renamed it."""
    document = put(
        "SN-1_PN-1_op17_2026-03-17-081405.csv",
        FULL,
        sn="SN-2",
        start="2026-01-01T00:00:00Z",
        uut={"user": "op3"},
    )

    assert (document["sn"], document["uut"], document["start"]) == (
        "SN-2",
        {"user": "op3"},
        "2026-01-01T00:00:00Z",
    )
    assert [info["description"] for info in document["miscInfos"]] == ["Part number"]


@pytest.mark.parametrize(
    ("name", "rule", "field"),
    [
        ("SN-1.csv", None, "serial number"),
        ("other.csv", FULL, "serial number"),
        ("SN-1.csv", r"^(?P<serial_number>[^.]+)", "start"),
        ("SN-1_PN-1_op17_99.csv", FULL, "start"),
        ("SN-1_PN-1_op17_2026-02-31-081405.csv", FULL, "start"),
    ],
)
def test_what_neither_has_is_refused(name: str, rule: str | None, field: str) -> None:
    """By its name."""
    with pytest.raises(Refused) as caught:
        put(name, rule)

    assert caught.value.field == field


@pytest.mark.parametrize("rule", ["^([0-9]+)", "^(?P<serial>[0-9]+)", "(", r"(?P<serial_number>(\w+ *)+)="])
def test_a_rule_that_can_not_work_is_found_at_once(rule: str) -> None:
    """When the configuration is read, not when a file comes."""
    with pytest.raises(ValidationError):
        file_names.Options(file_name=rule)


@pytest.mark.parametrize(
    "text", ["", "  ", "N/A", "na", "NoRead", "NO READ", "no_read", "NULL", "unknown", "-", "----", "???"]
)
def test_a_code_that_was_not_read_is_none(text: str) -> None:
    """Whatever a reader writes then."""
    assert barcodes.code(text) == ""


@pytest.mark.parametrize("text", ["0", "A", "NA-17", "N/A-1", "04123|6789", "NOREAD1"])
def test_other_codes_are_left_alone(text: str) -> None:
    """Also strange ones."""
    assert barcodes.code(f" {text} ") == text
