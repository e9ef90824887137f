"""No report ever belongs to another file: many files, several jails at once, converters that remember."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Converted, Refusal
from wats_worker.sandbox.policy import Limits

FILES, CHILDREN = 2000, 8

#: Keeps what it saw wherever it can: in the module, in a class, in our modules, in the interpreter, on disk.
REMEMBERS = """
import os, sys
from wats_worker.converters import base
from wats_worker.converters.base import Options, Refused
from wats_worker.reports import wsjf

NAME, TITLE, VERSION = "remembers", "Remembers", "1"
REPORT = {
    "type": "T", "pn": "PN", "rev": "A", "processCode": 10, "result": "P", "machineName": "M",
    "location": "-", "purpose": "-", "start": "2026-01-02T03:04:05+00:00", "uut": {"user": "-"},
    "root": {"group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P", "seqCall": {}},
}
SEEN = []

class Memory:
    last = None

def probe(head, tail, name):
    return 0.0

def convert(source, options):
    own = source.read().decode()
    traces = [SEEN, Memory.last, getattr(base, "left", None), sys.modules.get("left"), os.listdir(".")]
    assert traces == [[], None, None, None, []], traces
    SEEN.append(own)
    Memory.last = base.left = sys.modules["left"] = own
    open("left", "w").write(own)
    if own.endswith("7"):
        raise Refused(own)
    if own.endswith("88"):
        import ctypes
        ctypes.string_at(0)
    yield wsjf.of(REPORT | {"sn": own}, draft=True)
"""


@pytest.mark.slow
def test_no_report_belongs_to_another_file(tmp_path):
    """2 000 files over 8 jails, some refused, some killing their child: each answer is its own file's."""
    plugin = tmp_path / "remembers.py"
    plugin.write_text(REMEMBERS)
    files = []
    for number in range(FILES):
        path = tmp_path / f"{number}.log"
        path.write_text(f"SN-{number}")
        files.append(path)

    def work(child: int) -> list[tuple[str, str]]:
        with Jail(
            limits=Limits(), scratch=tmp_path / "scratch", modules=[], plugins={"remembers": plugin}
        ) as jail:
            return [(path.read_text(), answer(jail, path)) for path in files[child::CHILDREN]]

    def answer(jail: Jail, path: Path) -> str:
        outcome = jail.convert(path, path.name, "remembers", {})
        match outcome:
            case Converted():
                return json.loads(outcome.reports[0])["sn"]
            case Refusal():
                return outcome.reason
        return str(outcome)

    with ThreadPoolExecutor(CHILDREN) as pool:
        answers = [pair for pairs in pool.map(work, range(CHILDREN)) for pair in pairs]

    assert len(answers) == FILES
    crashed = [said for sent, said in answers if sent.endswith("88")]
    assert all("SIGSEGV" in said for said in crashed), crashed[:3]
    assert [(sent, said) for sent, said in answers if sent != said and not sent.endswith("88")] == []
