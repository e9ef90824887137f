"""Traces of a whole line, told to a collector that is really there."""

import pytest
from collector import collecting
from running import wstf
from support import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

STEPS = {"file", "claim", "convert", "jail", "offer", "deliver", "post"}


def test_a_file_is_one_trace_from_its_folder_to_the_servers_answer(make_line):
    """Through three processes and Celery, under one root; without a word of what is in it or where it lies."""
    with collecting() as collector:
        line = make_line(toml=f'[telemetry]\nendpoint = "{collector.endpoint}"\n')
        line.drop("secret-name.txt", wstf("SN-secret"))
        line.wait_for(1)
        line.wait_for_rest()
        (file_id,) = (record.file_id for record in line.line.journal.recent())

        wait_until(
            lambda: {one["name"] for one in collector.spans(file_id)} >= STEPS, what="every step of it"
        )

        spans = {one["name"]: one for one in collector.spans(file_id)}
        assert spans["file"]["parent"] == ""
        assert {spans[name]["parent"] for name in ("claim", "convert", "deliver")} == {spans["file"]["id"]}
        assert {spans[name]["parent"] for name in ("jail", "offer")} == {spans["convert"]["id"]}
        assert spans["post"]["parent"] == spans["deliver"]["id"]
        assert {one["stage"] for one in spans.values()} == {"watch", "convert", "upload"}
        assert spans["post"]["wats.status"] == 200
        assert spans["deliver"]["wats.report_id"] == line.delivered()[0]["id"]
        assert spans["claim"]["end"] <= spans["convert"]["end"] <= spans["post"]["end"]
        assert b"secret" not in collector.everything()
