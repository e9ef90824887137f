"""TDMS: what NI's own programs wrote, and files made up for every rule of a mapping."""

import io
import json
import math
import struct
import sys
from typing import Any

import golden
import numpy as np
import pytest
from logs import convert, probe
from nptdms import ChannelObject, GroupObject, RootObject, TdmsWriter
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "tdms"
FIELDS = {"serial_number": "UUT", "start": "Start", "part_number": "Part"}
FACTS = {"UUT": "SN-1", "Start": np.datetime64("2026-03-17T07:14:05.250"), "Part": "PN-1"}


def file(
    *channels: ChannelObject, groups: tuple[GroupObject, ...] = (), version: int = 4712, **facts: Any
) -> bytes:
    stream = io.BytesIO()
    with TdmsWriter(stream, version=version) as writer:
        writer.write_segment([RootObject({**FACTS, **facts}), *groups, *channels])
    return stream.getvalue()


def channel(values: Any, *, group: str = "G", name: str = "C", **properties: Any) -> ChannelObject:
    return ChannelObject(group, name, np.asarray(values), properties)


def only(data: bytes, **options: Any) -> dict[str, Any]:
    options = {"process_code": 10, "fields": FIELDS, **options}
    [document] = convert(NAME, data, **options).documents
    return document


def step(*channels: ChannelObject, facts: dict[str, Any] | None = None, **mapping: Any) -> dict[str, Any]:
    """The one step that a mapping makes of these channels."""
    where = {} if "value" in mapping else {"channel": "C"}
    document = only(file(*channels, **(facts or {})), steps=[{"name": "S", **where, **mapping}])
    [made] = document["root"]["steps"]
    return made


def row(*channels: ChannelObject, **mapping: Any) -> dict[str, Any]:
    return step(*channels, **mapping)["numericMeas"][0]


class TestRealFiles:
    def test_without_a_mapping_it_is_no_report(self):
        """The text names what is missing and where to say it."""
        for file_ in ("Digital_Input", "raw_timestamps"):
            data = shared(f"corpus/files/tdms/{file_}.tdms").read_bytes()
            assert probe(NAME, data) == 0.98

            with pytest.raises(Refused) as refused:
                convert(NAME, data)

            assert refused.value.field == "serial number"
            assert "name the converter tdms" in (refused.value.fix or "")

    def test_the_golden_facts_hold_by_a_mapping(self):
        """Its start is a time in UTC, its author the station; one of three channels has all the samples."""
        facts = json.loads(shared("corpus/golden/tdms/Digital_Input.tdms.json").read_text())
        data = shared("corpus/files/tdms/Digital_Input.tdms").read_bytes()
        fields = {"serial_number": "name", "start": "DateTime", "station": "Author"}
        steps = [
            {"name": "Duty", "group": "*All Data", "channel": "*", "take": "mean", "low": 0.4, "high": 0.6}
        ]

        document = only(data, fields=fields, part_number="PN-1", steps=steps)

        assert golden.check({**facts, "reports_expected": 1}, [document]) == []
        [made] = document["root"]["steps"]
        assert 0 < made["numericMeas"][0]["value"] < 1

    def test_copies_with_fewer_points_are_not_mixed_up(self):
        """The same channel stands in three groups; which is meant has to be said."""
        data = shared("corpus/files/tdms/Digital_Input.tdms").read_bytes()
        steps = [{"name": "Duty", "channel": "Dev1*", "take": "mean"}]

        with pytest.raises(Refused, match="3 channels are called"):
            only(data, fields={"serial_number": "name", "start": "DateTime"}, part_number="PN-1", steps=steps)


class TestFacts:
    def test_properties_become_facts(self):
        """Of the file, of a group, of a channel; texts, numbers, truths and times."""
        groups = (GroupObject("Setup", {"Bench": "B-7", "Socket": 3}),)
        data = file(channel([1.0], Ok=True), groups=groups, Operator=" op17 ", Seconds=1.5)
        fields = {
            **FIELDS,
            "station": {"group": "Setup", "property": "Bench"},
            "socket": {"group": "Set*", "property": "Socket"},
            "operator": "Operator",
            "execution_time": "Seconds",
            "result": {"group": "G", "channel": "C", "property": "Ok"},
        }

        document = only(data, fields=fields, statuses={"true": "P"}, infos={"Bench": fields["station"]})

        assert (document["sn"], document["pn"], document["result"]) == ("SN-1", "PN-1", "P")
        assert document["start"] == "2026-03-17T07:14:05.25+00:00"
        assert document["machineName"] == "B-7"
        assert document["uut"] == {"user": "op17", "testSocketIndex": 3, "execTime": 1.5}
        assert {"description": "Bench", "text": "B-7"} in document["miscInfos"]

    def test_a_start_may_be_a_text(self):
        """Then its format has to be said, and its zone is the source's."""
        document = only(
            file(channel([1.0]), Start="17.03.2026 08:14:05"),
            date_format="%d.%m.%Y %H:%M:%S",
            steps=[{"name": "S", "channel": "C"}],
        )

        assert document["start"] == "2026-03-17T08:14:05+01:00"

    def test_facts_may_stand_in_the_name_of_the_file(self):
        """As with other mappings."""
        fields = {**FIELDS, "serial_number": {"file_name": "^([A-Z0-9-]+)_"}}

        assert (
            only(
                file(channel([1.0])),
                fields=fields,
                file="SN-7_final.tdms",
                steps=[{"name": "S", "channel": "C"}],
            )["sn"]
            == "SN-7"
        )

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"UUT": ""}, "serial number"),
            ({"Start": ""}, "start"),
            ({"Start": np.datetime64("1904-01-01T00:00:00")}, "start"),
        ],
    )
    def test_what_is_missing_is_named(self, facts, field):
        """A time that was never set is the year 1904."""
        with pytest.raises(Refused) as refused:
            only(file(channel([1.0]), **facts), steps=[{"name": "S", "channel": "C"}])

        assert refused.value.field == field

    def test_there_has_to_be_something_that_tells_the_result(self):
        """A unit with a name and a time was not tested."""
        with pytest.raises(Refused) as refused:
            only(file(channel([1.0])))

        assert refused.value.field == "result"


class TestSteps:
    @pytest.mark.parametrize(
        ("take", "value"),
        [
            ("first", 3.0),
            ("last", 4.0),
            ("lowest", -5.0),
            ("highest", 4.0),
            ("mean", 2 / 3),
            ("rms", math.sqrt(50 / 3)),
        ],
    )
    def test_one_value_of_a_channel_counts(self, take, value):
        """Which one, the mapping says."""
        assert row(channel([3.0, -5.0, 4.0]), take=take)["value"] == pytest.approx(value)

    def test_a_channel_of_several_values_needs_to_be_told(self):
        """None of them is picked by chance."""
        with pytest.raises(Refused, match="the channel has 2 values"):
            row(channel([1.0, 2.0]))

    @pytest.mark.parametrize(
        ("limits", "value", "expected"),
        [
            (
                {"low": 1.0, "high": 2.0},
                1.5,
                {"compOp": "GELE", "status": "P", "lowLimit": 1.0, "highLimit": 2.0},
            ),
            (
                {"low": 1.0, "high": 2.0},
                2.5,
                {"compOp": "GELE", "status": "F", "lowLimit": 1.0, "highLimit": 2.0},
            ),
            ({"high": 2.0}, 2.5, {"compOp": "LE", "status": "F", "lowLimit": 2.0}),
            ({"low": 1.0, "comparison": "GT"}, 1.0, {"compOp": "GT", "status": "F", "lowLimit": 1.0}),
            ({}, 9.0, {"compOp": "LOG", "status": "P"}),
        ],
    )
    def test_the_limits_are_the_verdict_where_there_is_none(self, limits, value, expected):
        """As the mapping says them."""
        assert row(channel([value]), **limits) == {**expected, "value": value}

    def test_limits_and_verdict_may_be_properties(self):
        """The tester's own counts, whatever the limits would say."""
        made = row(
            channel([5.0], Max=2.0, Verdict="PASS"),
            high={"group": "G", "channel": "C", "property": "Max"},
            status={"group": "*", "channel": "C", "property": "Verdict"},
        )

        assert made == {"compOp": "LE", "status": "P", "value": 5.0, "lowLimit": 2.0}

    def test_a_property_may_be_the_value(self):
        """A number or a text."""
        assert (
            step(channel([1.0]), value="Gain", facts={"Gain": 20.5}, unit="dB")["numericMeas"][0]["unit"]
            == "dB"
        )
        assert (
            step(channel([1.0]), value="Firmware", facts={"Firmware": "v1.2"})["stringMeas"][0]["value"]
            == "v1.2"
        )

    def test_the_unit_is_that_of_the_channel(self):
        """Unless the mapping knows better."""
        assert row(channel([1.0], unit_string="V"))["unit"] == "V"
        assert row(channel([1.0], unit_string="V"), unit="mV")["unit"] == "mV"

    def test_a_waveform_can_be_drawn(self):
        """Over time, every so many points; with a value or without one."""
        wave = channel([0.0, 1.0, math.nan, 3.0, 4.0], wf_increment=0.5, wf_start_offset=1.0, unit_string="V")

        drawn, judged = (
            step(wave, take="none", chart=True),
            step(wave, take="highest", high=9.0, chart=True, every=2),
        )

        assert "numericMeas" not in drawn
        assert drawn["chart"]["series"][0]["xdata"] == "1.0;1.5;2.0;2.5;3.0"
        assert drawn["chart"]["series"][0]["ydata"] == "0.0;1.0;NaN;3.0;4.0"
        assert (drawn["chart"]["xUnit"], drawn["chart"]["yUnit"]) == ("s", "V")
        assert judged["chart"]["series"][0]["ydata"] == "0.0;NaN;4.0"
        assert judged["numericMeas"][0]["value"] == 4.0

    def test_raw_data_is_not_drawn_whole(self):
        """What can be set instead is said."""
        with pytest.raises(Refused) as refused:
            step(channel(np.zeros(50_000)), take="none", chart=True)

        assert "every = " in (refused.value.fix or "")

    def test_whole_numbers_are_numbers(self):
        """And texts are none."""
        assert row(channel(np.array([7], dtype=np.int16)))["value"] == 7.0
        with pytest.raises(Refused, match="no numbers"):
            row(channel(["seven"]))

    @pytest.mark.parametrize(
        ("mapping", "told"),
        [
            ({"channel": "D"}, "there is no channel 'D'; there is /'G'/'C'"),
            ({"group": "H"}, "there is no channel 'C'"),
            ({"value": {"group": "H", "property": "X"}}, "there is no group 'H'; there is G"),
        ],
    )
    def test_what_is_not_there_is_named(self, mapping, told):
        """With what there is."""
        with pytest.raises(Refused, match=told):
            step(channel([1.0]), **mapping)

    @pytest.mark.parametrize(
        "mapping",
        [
            {},
            {"channel": "C", "value": "X"},
            {"value": "X", "chart": True},
            {"channel": "C", "take": "none"},
            {"channel": "C", "every": 0},
        ],
    )
    def test_a_mapping_that_means_nothing_is_refused(self, mapping):
        """When the configuration is checked, not at the first file."""
        with pytest.raises(ValueError):
            only(file(channel([1.0])), steps=[{"name": "S", **mapping}])


class TestTheFile:
    @pytest.mark.parametrize("version", [4712, 4713])
    def test_both_versions_are_read(self, version):
        """They differ in what LabVIEW may do with them."""
        assert (
            only(file(channel([1.0]), version=version), steps=[{"name": "S", "channel": "C"}])["sn"] == "SN-1"
        )

    def test_values_may_come_in_several_segments(self):
        """As a program adds them."""
        stream = io.BytesIO()
        with TdmsWriter(stream) as writer:
            writer.write_segment([RootObject(FACTS), channel([1.0, 2.0])])
            writer.write_segment([channel([3.0])])

        document = only(stream.getvalue(), steps=[{"name": "S", "channel": "C", "take": "mean"}])

        assert document["root"]["steps"][0]["numericMeas"][0]["value"] == 2.0

    @pytest.mark.parametrize(
        ("broken", "told"),
        [
            (lambda data: b"TDSh" + data[4:], "only the index"),
            (lambda data: data[:8] + b"\xff\xff\0\0" + data[12:], "unknown version"),
            (lambda data: data[:12] + b"\xff" * 8 + data[20:], "before it closed"),
            (lambda data: data + b"rubbish", "no segment"),
            (lambda data: data + data, "stand in the file twice"),
            (lambda data: data[:20] + struct.pack("<Q", 1 << 40) + data[28:], "outside of it"),
            (lambda data: data[:28] + b"\xff" * 4 + data[32:], "damaged"),
            (
                lambda data: data.replace(struct.pack("<Q", 1), struct.pack("<Q", 1 << 60), 1),
                "values in a file|damaged",
            ),
        ],
    )
    def test_a_damaged_file_is_refused(self, broken, told):
        """Before anything in it is believed."""
        with pytest.raises(Refused, match=told):
            only(broken(file(channel([1.0]))), steps=[{"name": "S", "channel": "C"}])

    @pytest.mark.parametrize("cut", [-1, -9, 20])
    def test_a_file_without_its_end_may_still_be_written(self, cut):
        """Its segments say how long they are."""
        with pytest.raises(NotReady):
            only(file(channel([1.0, 2.0]))[:cut], steps=[{"name": "S", "channel": "C"}])

    def test_without_its_library_it_says_what_to_install(self, monkeypatch):
        """It comes with an extra, because it brings numpy."""
        monkeypatch.setitem(sys.modules, "nptdms", None)

        with pytest.raises(Refused, match="npTDMS, which is not installed") as refused:
            only(file(channel([1.0])), steps=[{"name": "S", "channel": "C"}])

        assert "wats-worker[tdms]" in (refused.value.fix or "")

    def test_it_is_not_loaded_beforehand(self):
        """Every zygote would carry numpy along for files that most lines never see."""
        import subprocess

        code = "import sys; import wats_worker.converters.registry; print('numpy' in sys.modules)"
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert ended.stdout.strip() == "False"
