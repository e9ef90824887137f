"""What the corpus has for each converter, and what a source would have to say for it: one entry per converter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bad
from logs import wstf
from support import shared


@dataclass(frozen=True)
class Format:
    """What the corpus has for one converter: its files, and a good one to break."""

    #: Which files of the corpus are this converter's, as patterns below its folder of files.
    mine: tuple[str, ...]
    #: The good file; of its folder there are broken variants.
    good: str = ""
    #: What must be configured for it.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Variants that come to something else than the corpus expects, each with the reason beside it.
    otherwise: Mapping[str, str] = field(default_factory=dict)
    #: What the file is called, where facts stand in its name.
    file: str = "log"
    #: Reads a file with what belongs to it.
    whole: Callable[[Path], bytes] = Path.read_bytes
    #: What a packed file says.
    says: Callable[[bytes], bytes] = bytes
    #: Makes a large good file small.
    cut: Callable[[bytes], bytes] = bytes
    #: Nothing tells whose its files are: a source has to name it.
    named: bool = False
    #: It only says what its files are, and makes no reports.
    refuses: bool = False
    #: Where the good file has its serial number, date, number and footer, if it isn't the corpus's own choice.
    fields: Mapping[str, Any] = field(default_factory=dict)


#: Testers know no process codes.
ICT: Mapping[str, Any] = {"process_code": 10}

FORMATS: Mapping[str, Format] = {
    "agilent-report-txt": Format(
        ("agilent-report-txt/*",), "agilent-report-txt/67830015A6_report_out_e14gen8_iph_intel.txt", ICT
    ),
    "atml": Format(
        ("atml/*",),
        "atml/Report_EoLT_FC[EB03240FFFF1122223001048][7][11.08.2022][09 56 36].xml",
        {"process_code": 10},
    ),
    "devkit-csv": Format(("devkit-csv/*",), "devkit-csv/sample-enhanced.csv", {"process_codes": {"ICT": 30}}),
    "i3070-log-record": Format(
        ("i3070-log-record/*",), "i3070-log-record/f_6783000Z6C_050105034621ICT02631.log", ICT
    ),
    "i3070-not-a-test": Format(("i3070-probe-report/*", "i3070-diagnostics/*"), refuses=True),
    "i3070-text-report": Format(
        ("i3070-text-report/*",),
        "i3070-text-report/924048032007030130010001.txt",
        {**ICT, "part_number": "c"},
    ),
    "ipc-cfx-json": Format(
        ("ipc-cfx-json/*",),
        "ipc-cfx-json/UnitsTested_1.json",
        {**ICT, "part_number": "PN-1", "file_name": "^(?P<start>[0-9]{14})"},
        file="20260317081405_UnitsTested.json",
    ),
    "junit-xml": Format(("junit-xml/*",), "junit-xml/pytest92_bench.xml", ICT),
    "klippel": Format(
        ("klippel/*.txt",),
        "klippel/DUT xyz115 2020-05-14 10-01-37-5 UTC+0200.txt",
        {**ICT, "part_number": "SP-2"},
        # Alone it waits for its folder, and is quarantined when none comes.
        dict.fromkeys(
            ("serial_traversal", "serial_traversal_win", "serial_script", "serial_formula"), "deferred"
        ),
        whole=bad.with_its_folder,
        says=bad.unzipped,
    ),
    "listen-soundcheck": Format(
        ("listen-soundcheck/*",), "listen-soundcheck/US_Complete test 7-22-2020 (002).txt", ICT
    ),
    "litepoint-iqdvt-csv": Format(
        ("litepoint-iqdvt-csv/*",),
        "litepoint-iqdvt-csv/12345678.csv",
        {**ICT, "part_number": "RT-1", "file_name": "^(?P<serial_number>[0-9]+)"},
        file="12345678.csv",
        cut=bad.few_rows(rb"[0-9]", 25),
    ),
    "mapped-csv": Format((), options={**ICT, **bad.TABLE_MAPPING}, named=True),
    "mapped-text": Format((), options={**ICT, **bad.TEXT_MAPPING}, named=True),
    "openhtf-json": Format(("openhtf-json/*",), "openhtf-json/htf163_pass.json", ICT),
    "omron-aoi-xml": Format(
        ("omron-aoi-xml/*",),
        "omron-aoi-xml/component_list_response.xml",
        {**ICT, "part_number": "PB-1", "file_name": "^(?P<station>[^_]+)_(?P<start>[0-9]{14})"},
        file="AOI1_20260317081405.xml",
    ),
    "pytest-json-report": Format(
        ("pytest-json-report/*",),
        "pytest-json-report/pytest_json_report_bench.json",
        ICT,
        # Python writes a bare NaN; the corpus's own file has one.
        {"num_nan": "converted"},
        cut=bad.of_a_unit,
        fields=bad.PYTEST,
    ),
    "robotframework-xml": Format(("robotframework-xml/*",), "robotframework-xml/rf75_output.xml", ICT),
    "saki-xml": Format(("saki-xml/*",), "saki-xml/SAKI-testdata.xml", ICT),
    "seica-xml": Format((), options=ICT),
    "sigmaquest-xml": Format(
        ("sigmaquest-xml/*",), "sigmaquest-xml/testdata_SN654164896.xml", ICT, fields=bad.SIGMAQUEST
    ),
    "spea-3030": Format(
        ("spea-3030-csv/*",), "spea-3030-csv/testdata_SN9871234012.csv", ICT, cut=bad.two_short_runs
    ),
    # What has no end yet may still be written.
    "stdf": Format(
        ("stdf/*",),
        "stdf/d10_1.std",
        ICT,
        {"stdf_no_mrr": "deferred", "stdf_gz_truncated": "deferred"},
    ),
    "stepwize-xspc": Format(
        ("stepwize-xspc/*",),
        "stepwize-xspc/20250316_133653_CONFIG_AND_RESULTS.XSPC",
        {"process_codes": {"SW Debug": 10}},
        cut=bad.few_elements(b"Config_and_Data_Result", 24),
    ),
    "takaya-apt94xx": Format(
        ("takaya-apt94xx-atd/*",),
        "takaya-apt94xx-atd/12345 - SN0001 (FP1 - OP01).ATD",
        ICT,
        cut=bad.few_rows(rb"[0-9]{6} \"", 60),
        fields=bad.APT94XX,
    ),
    "takaya-atd": Format(("takaya-atd/*",), "takaya-atd/V682780_B_BOT-20230301082027.ATD", ICT),
    "takaya-atdx": Format(
        ("takaya-atdx/*",),
        "takaya-atdx/WO250319-0162__20250525_122655.atdx",
        ICT,
        cut=bad.first_block,
    ),
    "teradyne-gr228x": Format(("teradyne-gr228x/*",), "teradyne-gr228x/43420_BIO2.LOG", ICT),
    "teradyne-spectrum": Format(("teradyne-spectrum/*",), "teradyne-spectrum/sample_ict_data.txt", ICT),
    "tdms": Format(("tdms/*",), "tdms/raw_timestamps.tdms", {**ICT, "part_number": "c", **bad.TDMS_MAPPING}),
    "teststand-db-csv": Format(
        ("teststand-db-csv/*",),
        "teststand-db-csv/Test Data HL.csv",
        {**ICT, "part_number": "HL"},
        cut=bad.few_rows(rb"20", 12),
        fields=bad.DATABASE,
    ),
    "teststand-xml": Format(("teststand-xml/*",), "teststand-xml/TSWithWats2.xml"),
    "tri-ict": Format(
        ("tri-ict-csv/*.csv", "tri-ict-csv/*.dcl"),
        "tri-ict-csv/202607231824206783001Y02IPS3_15IRH_I513420FAIL.csv",
        ICT,
    ),
    "wats-example-xml": Format(("wats-example-xml/*",), "wats-example-xml/XMLReport.xml"),
    "wats-json": Format(("wats-wsjf-wsxf/*.json",), "wats-wsjf-wsxf/uut-wsjf-export.json"),
    "wats-text": Format(()),
    "xjtag-xjlog": Format(
        ("xjtag-xjlog/*",),
        "xjtag-xjlog/55804022_XJT_2019-06-20_12-55-57_lumi_Pass.xjlog",
        {**ICT, "part_number": "BA-852"},
        says=bad.unzipped,
    ),
    "wats-xml": Format(("wats-wsjf-wsxf/*.xml",), "wats-wsjf-wsxf/uut-wsxf-export.xml", fields=bad.WSXF),
}
TEXT = wstf(
    ("SequenceCall", "Power"),
    ("NumericLimitTest", "Rail", "5V", "5.01", "4.9", "5.1", "GELE", "V", "Passed", "0.2"),
    ("NumericLimitTest", "", "12V", "11.3", "11.6", "12.4", "GELE", "V"),
    ("EndSequenceCall", "Power"),
    ("PassFailTest", "LED", "", "True"),
    ("Chart", "Line", "Ripple", "mV", "U", "us", "t"),
    ("Series", "CH1", "XYG", "1;2", "0;1"),
    footer={"UUTStatus": "Failed"},
    Subunit="PCBA\tPCB-1\tS-77\tC",
    Colour="green",
).encode()


REPORTING = sorted(name for name, format_ in FORMATS.items() if not format_.refuses)
#: Good files that tests write themselves, of formats the corpus has none of.
WRITTEN = {
    "wats-text": TEXT,
    "mapped-csv": bad.TABLE,
    "mapped-text": bad.TEXT,
    "seica-xml": bad.SEICA,
    "i3070-not-a-test": bad.PROBES,
}


def good(converter: str) -> bytes:
    """The good file of a converter, small enough to be broken often."""
    if converter in WRITTEN:
        return WRITTEN[converter]
    return FORMATS[converter].cut(FORMATS[converter].whole(shared(f"corpus/files/{FORMATS[converter].good}")))
