"""Every way a conversion can end is a value, and the next file does not notice."""

import json
import os

import pytest
from plugins import write_plugin

from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Converted, Fault, Refusal, Unready
from wats_worker.sandbox.policy import Limits

TIGHT = Limits(
    wall_s=1.5, cpu_s=1, memory_mb=64, output_mb=2, log_kb=16, scratch_mb=2, scratch_entries=100, reports=50
)

#: What a converter does, and how that is called.
MISBEHAVIOUR = {
    "raises": ("raise ValueError('no such column')", Fault.FAILED),
    "raises_exit": ("sys.exit(0)", Fault.FAILED),
    "raises_interrupt": ("raise KeyboardInterrupt", Fault.FAILED),
    "leaves": ("os._exit(0)", Fault.CRASHED),
    "segfaults": ("ctypes.string_at(0)", Fault.CRASHED),
    "aborts": ("os.abort()", Fault.CRASHED),
    "recurses": ("def again(): again()\nagain()", Fault.FAILED),
    "recurses_in_c": (
        "value = []\nfor _ in range(10**5): value = [value]\njson.dumps(value)",
        Fault.FAILED,
    ),
    "ignores_sigterm": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)", Fault.TIMED_OUT),
    "hangs_in_c": ("ctypes.CDLL(None).sleep(60)", Fault.TIMED_OUT),
    "eats_memory": ("x = []\nwhile True: x.append(bytearray(10**6))", Fault.OUT_OF_MEMORY),
    "eats_memory_in_one_bite": ("bytearray(10**12)", Fault.OUT_OF_MEMORY),
    "gives_a_text": ("yield 'sn 1'", Fault.BAD_RESULT),
    "gives_nothing": ("return []", Fault.BAD_RESULT),
    "gives_no_iterable": ("return 1", Fault.FAILED),
    "gives_too_much": ("while True: yield report(sn='x' * 90)", Fault.TOO_MUCH_OUTPUT),
    "gives_too_many": ("for _ in range(51): yield report()", Fault.TOO_MUCH_OUTPUT),
    "writes_too_much": (
        "for n in range(99):\n    with open(f'f{n}', 'wb') as f: f.write(bytes(1 << 20))\ntime.sleep(60)",
        Fault.TOO_MUCH_SCRATCH,
    ),
    "writes_one_long_file": ("with open('f', 'wb') as f: f.write(bytes(1 << 23))", Fault.FAILED),
    "writes_too_many": (
        "for n in range(200): open(f'f{n}', 'w').close()\ntime.sleep(60)",
        Fault.TOO_MUCH_SCRATCH,
    ),
    "nests_too_deep": (
        "for n in range(3000):\n    os.mkdir('d')\n    os.chdir('d')\ntime.sleep(60)",
        Fault.TOO_MUCH_SCRATCH,
    ),
    "closes_everything": ("os.closerange(0, 100)\ntime.sleep(60)", Fault.CRASHED),
    "opens_too_much": ("x = [open('f', 'w') for _ in range(100)]", Fault.FAILED),
}


@pytest.fixture(scope="module")
def jail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugins")
    bodies = {name: body for name, (body, _) in MISBEHAVIOUR.items()}
    bodies["honest"] = "yield report(sn=source.head.decode())"
    plugins = {name: write_plugin(folder, name, body) for name, body in bodies.items()}
    with Jail(limits=TIGHT, scratch=folder / "scratch", modules=[], plugins=plugins) as jail:
        yield jail


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_a_misbehaving_converter_ends_as_a_value(jail, log_file, name):
    """It is named for what it did, and the same zygote converts the next file."""
    outcome = jail.convert(log_file, "unit.log", name, {})
    after = jail.convert(log_file, "unit.log", "honest", {})

    expected = MISBEHAVIOUR[name][1]
    assert isinstance(outcome, Broken)
    assert outcome.kind in (expected if isinstance(expected, set) else {expected}), outcome
    assert isinstance(after, Converted)


def test_the_processor_has_its_own_limit(build, log_file):
    """It strikes long before the wall clock does."""
    jail = build(spins="while True: pass", limits=Limits(cpu_s=1, wall_s=60))

    outcome = jail.convert(log_file, "unit.log", "spins", {})

    assert outcome.kind is Fault.CPU_LIMIT
    assert 0.5 < outcome.usage.cpu_s < 2  # the kernel enforces by ticks what it reports by the clock


def test_a_report_comes_out_as_it_was_made(build, log_file):
    """One document a report, in order, with the warnings and what it took."""
    jail = build(two="source.warn('odd')\nyield report(sn='a')\nyield report(sn='b')")

    outcome = jail.convert(log_file, "unit.log", "two", {})

    assert isinstance(outcome, Converted)
    assert [json.loads(one)["sn"] for one in outcome.reports] == ["a", "b"]
    assert outcome.warnings == ("odd",)
    assert outcome.usage.peak_mb > 1
    assert 0 < outcome.usage.cpu_s < 1


def test_a_converter_sees_the_name_and_the_options(build, log_file):
    """The name is the one the file came with, whatever it is called now."""
    jail = build(echo="yield report(sn=source.name, machineName=options.station)")

    outcome = jail.convert(log_file, "first.log", "echo", {"station": "S7"})

    document = json.loads(outcome.reports[0])
    assert (document["sn"], document["machineName"]) == ("first.log", "S7")


def test_options_the_converter_does_not_know_fail_it(build, log_file):
    """A typing error in the configuration is not passed over."""
    jail = build()

    outcome = jail.convert(log_file, "unit.log", "honest", {"sation": "S7"})

    assert outcome.kind is Fault.FAILED
    assert "sation" in outcome.detail


def test_an_unknown_converter_fails_by_name(build, log_file):
    """The answer lists who is known."""
    outcome = build().convert(log_file, "unit.log", "hnoest", {})

    assert "'hnoest'; known: honest" in outcome.detail


def test_a_refusal_keeps_place_field_and_fix(build, log_file):
    """A person must be able to mend the file or the setting from it."""
    jail = build(refuses="raise Refused('empty', place='line 3', field='serial number', fix='scan it')")

    outcome = jail.convert(log_file, "unit.log", "refuses", {})

    assert isinstance(outcome, Refusal)
    assert (outcome.reason, outcome.place, outcome.field, outcome.fix) == (
        "empty",
        "line 3",
        "serial number",
        "scan it",
    )


def test_a_refusal_after_a_report_leaves_no_report(build, log_file):
    """Half a file is no file."""
    jail = build(half="yield report()\nraise Refused('cut off')")

    assert isinstance(jail.convert(log_file, "unit.log", "half", {}), Refusal)


def test_not_ready_is_neither_a_fault_nor_a_refusal(build, log_file):
    """The file will be asked about again."""
    jail = build(waits="raise NotReady('no footer yet')")

    outcome = jail.convert(log_file, "unit.log", "waits", {})

    assert isinstance(outcome, Unready)
    assert outcome.reason == "no footer yet"


def test_what_is_printed_is_kept_up_to_the_limit(build, log_file):
    """From Python, from C, to stdout or stderr; beyond the limit it is dropped and costs nobody anything."""
    body = """
        print("from python")
        ctypes.CDLL(None).puts(b"from c")
        ctypes.CDLL(None).fflush(None)
        line = "x" * 10_000
        for _ in range(100_000):
            print(line, file=sys.stderr)
        yield report()
    """
    jail = build(talks=body, fails=body.replace("yield report()", "raise ValueError('after all')"))

    outcome = jail.convert(log_file, "unit.log", "talks", {})
    failed = jail.convert(log_file, "unit.log", "fails", {})

    assert isinstance(outcome, Converted)
    assert b"from python\nfrom c\nxxx" in failed.stderr
    assert failed.stderr.endswith(b"ValueError: after all\n")
    assert len(failed.stderr) < 300 * 1024


def test_a_crash_in_c_leaves_the_python_lines(build, log_file):
    """Without them nobody could mend a converter that segfaults."""
    jail = build(segfaults="ctypes.string_at(0)")

    outcome = jail.convert(log_file, "unit.log", "segfaults", {})

    assert "SIGSEGV" in outcome.detail
    assert b"segfaults.py" in outcome.stderr


def test_a_plugin_that_is_not_python_says_so_when_it_is_asked_for(build, log_file):
    """The others go on; nobody is stopped at the start by a file that somebody is still editing."""
    jail = build(broken="yield report(")

    outcome = jail.convert(log_file, "unit.log", "broken", {})

    assert outcome.kind is Fault.FAILED
    assert "SyntaxError: '(' was never closed (broken.py, line" in outcome.detail
    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)


def test_only_regular_files_come_in(build, tmp_path):
    """A link could point anywhere, and a pipe would hang the worker."""
    jail = build()
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")

    for name in ("link", "pipe", "missing", "."):
        with pytest.raises(OSError):
            jail.convert(tmp_path / name, name, "honest", {})


def test_options_too_long_for_a_message_are_refused_at_once(build, log_file):
    """And the jail is none the worse for it."""
    jail = build()

    with pytest.raises(ValueError, match="message"):
        jail.convert(log_file, "unit.log", "honest", {"station": "x" * 200_000})

    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)


def test_a_plugin_is_never_converted_by_whom_nobody_chose(build, log_file):
    """Strangers are asked in children of their own; none of them converts before it is chosen."""
    jail = build(stranger="yield report()")

    probed = jail.probe(log_file, "unit.log", ["stranger"], then={})

    assert probed.scores == {"stranger": 0.9}
    assert probed.tried is None
