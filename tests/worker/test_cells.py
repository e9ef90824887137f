"""What somebody wrote into a name or a reason, opened with a spreadsheet."""

import pytest

from wats_worker.cells import shown


@pytest.mark.parametrize(
    "text",
    [
        "=cmd()",
        "+1",
        "-1",
        "@sum(A1)",
        "\t=cmd()",
        "\r\n=cmd()",
        "\x00=cmd()",
        "  =cmd()",
        "\u00a0=cmd()",
        "\uff1dcmd()",
        "\uff20sum(A1)",
    ],
)
def test_a_formula_is_text(text):
    """However it hides its beginning."""
    assert str(shown(text)).startswith("'")


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "; "])
def test_nor_is_there_one_behind_a_separator(separator):
    """A spreadsheet of another country begins a cell there, whatever is quoted."""
    assert shown(f"R1{separator}=cmd()") in {
        f"R1{separator}'=cmd()",
        f"R1{separator[0]}'{separator[1:]}=cmd()",
    }


@pytest.mark.parametrize(
    "value", ["PCB-1", "a = b", "5 V; 3.3 V", "a, -b", "me@example.com", "", None, -5.0, 7]
)
def test_anything_else_stays_as_it_is(value):
    """Names with a hyphen, addresses, numbers."""
    assert shown(value) == value
