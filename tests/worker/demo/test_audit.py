"""The audit has to see what is wrong; that it is silent when all is well proves nothing by itself."""

import pytest

from wats_worker.demo.audit import faults
from wats_worker.demo.expected import SAMPLES, Sample

GOOD = Sample("bench", "good.txt", ("SN1", "SN2"))
BAD = Sample("bench", "bad.txt", because=("serial number", "line 1"))


def listed(sample, state, **facts):
    return {"source": sample.source, "name": sample.name, "state": state, "facts": facts}


def stored(serial, **changes):
    return {"type": "T", "sn": serial, "receiveCount": 1, "quarantine": None} | changes


DELIVERED = listed(GOOD, "delivered")
QUARANTINED = listed(BAD, "quarantined", reason="the file has none", field="serial number", place="line 1")
STORED = [stored("SN1"), stored("SN2")]


def test_silent_when_all_is_well():
    """Every good unit is there once, every bad file is aside for the right reason."""
    assert faults([GOOD, BAD], [DELIVERED, QUARANTINED], STORED) == []


@pytest.mark.parametrize(
    ("files", "reports", "fault"),
    [
        ([QUARANTINED], STORED, "good.txt: the line does not know it"),
        ([listed(GOOD, "buried"), QUARANTINED], STORED, "good.txt: is buried, should be delivered"),
        ([DELIVERED, listed(BAD, "delivered")], STORED, "bad.txt: is delivered, should be quarantined"),
        (
            [DELIVERED, listed(BAD, "quarantined", reason="crashed", place="line 1")],
            STORED,
            "bad.txt: the reason does not name 'serial number': crashed (line 1)",
        ),
        (
            [DELIVERED, QUARANTINED, listed(Sample("bench", "who.txt"), "delivered")],
            STORED,
            "who.txt: nobody dropped it in bench",
        ),
        ([DELIVERED, QUARANTINED], STORED[:1], "SN2: never arrived at the server"),
        (
            [DELIVERED, QUARANTINED],
            [*STORED, stored("SN1")],
            "SN1: arrived under more than one id, or was never dropped",
        ),
        ([DELIVERED, QUARANTINED], [STORED[0], stored("SN2", receiveCount=2)], "SN2: was sent 2 times"),
        (
            [DELIVERED, QUARANTINED],
            [STORED[0], stored("SN2", quarantine="the start lies in the future")],
            "SN2: the server set it aside: the start lies in the future",
        ),
    ],
)
def test_each_difference_is_named(files, reports, fault):
    """One thing wrong, one sentence about it."""
    assert faults([GOOD, BAD], files, reports) == [fault]


def test_every_sample_lies_in_the_package():
    """What the demo drops can be read from wherever the package is installed."""
    assert all(sample.content() for sample in SAMPLES)
