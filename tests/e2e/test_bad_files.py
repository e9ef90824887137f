"""Broken files and bad things in a watch folder, through the whole line: each ends where it must, and the line goes on."""

import os
from pathlib import Path

import bad
import pytest
from ordeal import AUTO, a_part, rule_for, variants
from running import wstf

from wats_broker.states import FileState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

#: What becomes of a file whose conversion came to this.
ENDS = {"refused": FileState.QUARANTINED, "converted": FileState.DELIVERED}
#: Not plain files, or not finished by their name: they stay where they are, and nobody opens them.
LEFT_ALONE = {
    *("symlink", "symlink_good", "symlink_loop", "symlink_dangling", "fifo", "socket", "directory"),
    *("name_hidden", "name_tmp", "name_part", "name_lock", "name_filepart"),
}


def test_broken_files_end_where_they_must_and_the_line_goes_on(make_line, tmp_path):
    """Some of each format, dropped together; then a good one, converted by the same workers."""
    line = make_line()
    workers = {worker.name for worker in line.line.fleet.alive()}
    made = [one for one in variants(tmp_path / "bad") if rule_for(one.converter).converter == AUTO]
    # How a wait ends is told elsewhere, and for the folder beside a Klippel file the line waits.
    plain = [one for one in made if "waits" not in one.expected and one.format != "klippel"]
    # The same bytes twice are one file to the line.
    unlike = {one.path.read_bytes(): one for one in plain}.values()
    dropped = a_part(list(unlike), of_a_kind=0, of_a_format=2)
    for number, variant in enumerate(dropped):
        line.drop(f"{number:03}-{variant.path.name}", variant.path.read_bytes())
    line.drop("good.txt", wstf("SN-GOOD"))
    line.wait_for(1)
    line.wait_for_rest(timeout=90)

    records = {record.name.partition("-")[0]: record for record in line.line.journal.recent(count=1000)}
    wrong = {}
    for number, variant in enumerate(dropped):
        found = records[f"{number:03}"]
        expected = {ENDS[word] for word in (variant.expected if variant.converter else {"refused"})}
        # The source has no options of this one format, so what is whole may lack a fact; it is never made up.
        expected |= {FileState.QUARANTINED}
        if found.state not in expected or (
            found.state is FileState.QUARANTINED and not found.facts["reason"]
        ):
            wrong[str(variant)] = (found.state, found.facts.get("reason"))
    assert wrong == {}
    assert "SN-GOOD" in {report["sn"] for report in line.bodies()}
    assert {worker.name for worker in line.line.fleet.alive()} == workers


def test_bad_things_in_a_watch_folder_harm_nobody(make_line, tmp_path):
    """Links, pipes, sockets and strange names: what is a plain file is converted, and nothing else is touched."""
    line = make_line()
    things = _things(tmp_path / "bad")
    for number, (variant, thing) in enumerate(sorted(things.items())):
        if variant not in LEFT_ALONE:
            # Else they would all be one and the same unit.
            thing.chmod(0o600)
            thing.write_bytes(thing.read_bytes().replace(b">12345<", b">SN-%d<" % number))
        thing.rename(line.inbox / thing.name)
    line.drop("good.txt", wstf("SN-GOOD"))
    line.wait_for(len(things) - len(LEFT_ALONE) + 1)

    serials = {report["sn"] for report in line.bodies()}
    assert "SN-GOOD" in serials
    assert len(serials) == len(line.delivered())
    assert {things[variant].name for variant in LEFT_ALONE} <= {path.name for path in line.inbox.iterdir()}
    reasons = {one.name: one.reason for one in line.line.journal.troubles("in")}
    assert reasons["symlink_to_etc_passwd.xml"].startswith("a link")
    assert {"fifo.xml", "socket.xml"} <= reasons.keys()
    # The line still works on some of them, and os.walk does not mind a folder that goes meanwhile.
    assert not [folder for folder, inner, files in os.walk(line.folder) if "pwned" in {*inner, *files}]


def _things(out: Path) -> dict[str, Path]:
    """What the corpus makes for a folder, but for two names of one file: of those the claim has tests of its own."""
    told = [entry for entry in bad.everything(out) if entry["format"] == "_folder"]
    things = {entry["variant"]: out / entry["file"] for entry in told}
    return {
        variant: thing for variant, thing in things.items()
        if os.path.lexists(thing) and not variant.startswith("hardlink")
    }  # fmt: skip
