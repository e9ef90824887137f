"""Converters at work: who takes part, under which terms, and what happens when a plugin changes."""

from pathlib import Path
from typing import get_args

import pytest
from plugins import write_plugin

from wats_worker.convert.accept import Pile
from wats_worker.convert.attempt import attempt
from wats_worker.convert.disposal import Absent, Quarantine
from wats_worker.convert.roster import State
from wats_worker.convert.rules import Rule, rule, thresholds
from wats_worker.convert.workshop import ConverterAbsent, Workshop
from wats_worker.converters.registry import bundled
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Converted
from wats_worker.sandbox.policy import Level
from wats_worker.settings import Source, WorkerSettings
from wats_worker.settings.converters import JailLevel

#: A plugin that the audit has nothing to say about.
QUIET = """
from wats_worker.converters.base import Options, Refused
from wats_worker.reports import wsjf

NAME, TITLE, VERSION = "{name}", "Quiet", "{version}"

def probe(head, tail, name):
    return {sure}

def convert(source, options):
    {body}
"""


class Bench:
    """A plugin folder, a file, and workshops over them."""

    def __init__(self, folder: Path) -> None:
        self.plugins = folder / "plugins"
        self.plugins.mkdir()
        self.file = folder / "unit.log"
        self.file.write_bytes(b"SN-1")
        self.scratch = folder / "scratch"
        self.open: list[Workshop] = []

    def put(self, name: str, body: str, *, version: str = "1", sure: float = 0.0) -> Path:
        path = self.plugins / f"{name}.py"
        path.write_text(QUIET.format(name=name, body=body, version=version, sure=sure))
        return path

    def workshop(self, **sections) -> Workshop:
        sections.setdefault("convert", {})["plugins"] = self.plugins
        made = Workshop(WorkerSettings(**sections), scratch=self.scratch)
        self.open.append(made)
        return made

    def says(self, workshop: Workshop, name: str) -> str:
        """What a converter of this name refuses the file with, or what else comes of it."""
        try:
            outcome = workshop.convert(self.file, "unit.log", name, {})
        except ConverterAbsent as absent:
            return str(absent)
        return getattr(outcome, "reason", None) or str(outcome)


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    for workshop in bench.open:
        workshop.close()


class TestTheRoster:
    def test_ours_and_theirs_take_part(self, bench):
        """Ours first; each with its title and where it comes from."""
        path = bench.put("acme", "raise Refused('no')")

        ready = bench.workshop().roster.ready

        assert [entry.name for entry in ready] == [*bundled(), "acme"]
        assert (ready[-1].title, ready[-1].origin) == ("Quiet", str(path))

    def test_a_broken_one_is_set_aside_and_the_rest_goes_on(self, bench):
        """Files for it wait, with the reason; the others are none the worse for it."""
        bench.put("acme", "raise Refused('fine')")
        (bench.plugins / "broken.py").write_text("def x(")
        workshop = bench.workshop()

        assert [entry.state for entry in workshop.roster.entries][-2:] == [State.READY, State.ASIDE]
        assert bench.says(workshop, "acme") == "fine"
        with pytest.raises(ConverterAbsent, match="there is no converter 'broken'") as absent:
            workshop.convert(bench.file, "unit.log", "broken", {})
        assert "broken.py: line 1: '(' was never closed" in str(absent.value)

    def test_nobody_takes_one_of_our_names(self, bench):
        """A plugin can't slip in between a source and the converter it names."""
        bench.put("wats-json", "raise Refused('theirs')")
        workshop = bench.workshop()

        assert workshop.roster.by_name["wats-json"].origin == "wats-worker"
        assert "is that of a converter of wats-worker" in workshop.roster.aside[0].reason

    def test_somebody_who_rings_has_them_loaded_anew(self, bench):
        """In another process, so that a library that was installed meanwhile counts; once for each ring."""
        bench.put("acme", "import os; raise Refused(f'from {os.getppid()}')")
        workshop = bench.workshop()
        first = bench.says(workshop, "acme")
        workshop.load_anew("")
        assert bench.says(workshop, "acme") == first

        workshop.load_anew("a ring")

        second = bench.says(workshop, "acme")
        workshop.load_anew("a ring")
        assert second != first
        assert bench.says(workshop, "acme") == second

    def test_one_that_is_disabled_is_not_asked(self, bench):
        """Neither ours nor theirs; named by a source all the same, its files wait."""
        bench.put("acme", "raise Refused('no')", sure=0.9)
        workshop = bench.workshop(converters={"acme": {"enabled": False}, "wats-text": {"enabled": False}})

        assert not {"acme", "wats-text"} & set(workshop.probe(bench.file, "unit.log").scores)
        assert bench.says(workshop, "acme") == (
            "the converter 'acme' is disabled: [converters.acme] says enabled = false"
        )


class TestTheAudit:
    def test_a_finding_is_a_warning_by_default(self, bench, caplog):
        """It runs; whoever looks at the log or the list sees it."""
        write_plugin(bench.plugins, "loose", "yield report()")
        workshop = bench.workshop()
        workshop.tell()

        assert isinstance(workshop.convert(bench.file, "unit.log", "hostile", {}), Converted)
        assert workshop.roster.by_name["hostile"].findings
        assert "converter_audited" in caplog.messages

    @pytest.mark.parametrize(
        "sections",
        [{"convert": {"audit": "refuse"}}, {"converters": {"hostile": {"audit": "refuse"}}}],
        ids=["for all", "for one"],
    )
    def test_it_can_refuse(self, bench, sections):
        """Then the plugin is set aside, with the first finding."""
        write_plugin(bench.plugins, "loose", "yield report()")
        bench.put("acme", "raise Refused('fine')")
        workshop = bench.workshop(**sections)

        (aside,) = workshop.roster.aside

        assert aside.reason.startswith(
            f"the audit refuses it: {bench.plugins / 'loose.py'}:2: import ctypes: "
        )
        assert bench.says(workshop, "acme") == "fine"

    def test_imports_are_told_as_strictly_as_the_text(self, bench):
        """One switch: what the audit warns of is a note at its import, what it refuses can't be imported."""
        bench.put("acme", "raise Refused('fine')")

        def imports(**convert) -> str:
            return bench.workshop(convert=convert).roster.by_name["acme"].capabilities.imports

        assert imports() == "warn"
        assert imports(audit="refuse") == "refuse"

    def test_one_finding_of_one_plugin_can_be_accepted(self, bench):
        """By the name that the refusal tells; what else it has, and what others have, is refused as before."""
        bench.put("acme", "import ctypes, struct\n    raise Refused(ctypes.__name__)")
        bench.put("more", "import ctypes, marshal\n    raise Refused('fine')")
        bench.put("other", "import ctypes\n    raise Refused('fine')")
        accepting = {name: {"accept": ["ctypes"]} for name in ("acme", "more")}
        workshop = bench.workshop(convert={"audit": "refuse"}, converters=accepting)

        assert bench.says(workshop, "acme") == "ctypes"
        assert "accepted ctypes" in workshop.terms("acme")
        assert {entry.name: 'accept = ["' in entry.reason for entry in workshop.roster.aside} == {
            "more": True,
            "other": True,
        }


class TestReload:
    def test_a_changed_plugin_counts_at_the_next_file(self, bench):
        """No restart, and no file between the versions."""
        bench.put("acme", "raise Refused('old')")
        workshop = bench.workshop()
        assert bench.says(workshop, "acme") == "old"

        bench.put("acme", "raise Refused('new')", version="2")

        assert bench.says(workshop, "acme") == "new"
        assert workshop.roster.by_name["acme"].version == "2"

    def test_one_that_comes_and_goes(self, bench):
        """It is asked from the next file on, and no longer than it is there."""
        workshop = bench.workshop()
        assert "there is no converter 'acme'" in bench.says(workshop, "acme")

        path = bench.put("acme", "raise Refused('here')")
        assert bench.says(workshop, "acme") == "here"

        path.unlink()
        assert "there is no converter 'acme'" in bench.says(workshop, "acme")

    def test_a_version_that_is_broken_does_not_stop_the_others(self, bench, caplog):
        """It is set aside until the next one comes, and the log says so."""
        bench.put("acme", "raise Refused('fine')")
        path = bench.put("other", "raise Refused('old')")
        workshop = bench.workshop()
        bench.says(workshop, "other")

        path.write_text("def x(")

        assert bench.says(workshop, "acme") == "fine"
        assert "set aside" in bench.says(workshop, "other")
        assert "converter_set_aside" in caplog.messages


class TestGrants:
    def test_nothing_is_granted_by_default(self, bench):
        """And the terms say so in one word."""
        bench.put("acme", "raise Refused(str(sorted(__import__('os').environ)))")
        workshop = bench.workshop()

        assert "LICENCE" not in bench.says(workshop, "acme")
        assert workshop.terms("acme") == "strict"
        assert workshop.terms("wats-json") == "strict"

    def test_what_the_configuration_grants_arrives(self, bench, monkeypatch, tmp_path):
        """Variables, folders, limits; the terms name every one of them."""
        monkeypatch.setenv("LICENCE", "here")
        drop = tmp_path / "drop"
        drop.mkdir()
        (drop / "sibling").write_text("together")
        body = "raise Refused(open(f'{options.drop_folder}/sibling').read() + __import__('os').environ['LICENCE'])"
        bench.put("acme", body)
        workshop = bench.workshop(
            converters={"acme": {"environment": ["LICENCE"], "drop_folder": True, "memory_mb": 99}},
            sources=[{"name": "a", "folder": drop, "converter": "acme"}],
        )

        outcome = workshop.convert(bench.file, "unit.log", "acme", {"drop_folder": str(drop)})

        assert outcome.reason == "togetherhere"
        assert workshop.terms("acme") == (
            f"strict; reads {drop}; environment LICENCE; 99 MB, 120 s CPU, 300 s"
        )

    def test_its_own_folder_is_readable(self, bench):
        """The one of the same name beside the module, for tables."""
        (bench.plugins / "acme").mkdir()
        (bench.plugins / "acme" / "units.csv").write_text("V,volt")
        body = "raise Refused(open(__file__.removesuffix('.py') + '/units.csv').read())"
        bench.put("acme", body)
        bench.put("other", body.replace("__file__", f"'{bench.plugins}/acme.py'"))
        workshop = bench.workshop()

        assert bench.says(workshop, "acme") == "V,volt"
        assert "PermissionError" in bench.says(workshop, "other")

    def test_limits_count_for_one_before_the_pools(self, bench):
        """The pool's for all others."""
        bench.put("acme", "bytearray(200_000_000)")
        bench.put("wide", "bytearray(200_000_000); raise Refused('fits')")
        workshop = bench.workshop(convert={"memory_mb": 100}, converters={"wide": {"memory_mb": 400}})

        assert bench.says(workshop, "wide") == "fits"
        assert "more than 100 MB of memory" in bench.says(workshop, "acme")

    def test_a_trusted_one_says_so_wherever_it_is_named(self, bench, tmp_path):
        """It runs outside the jail, by the operator's word alone."""
        (tmp_path / "other").write_text("outside")
        bench.put("acme", f"raise Refused(open('{tmp_path}/other').read())")
        assert "PermissionError" in bench.says(bench.workshop(), "acme")

        workshop = bench.workshop(converters={"acme": {"trusted": True}})

        assert bench.says(workshop, "acme") == "outside"
        assert workshop.terms("acme") == "limits; trusted"

    def test_what_others_can_write_is_never_trusted(self, bench):
        """Whoever may change the code would be the worker."""
        bench.put("acme", "raise Refused('mine')").chmod(0o666)
        workshop = bench.workshop(converters={"acme": {"trusted": True}})

        assert workshop.roster.by_name["acme"].state is State.ASIDE
        assert "everybody can write to" in bench.says(workshop, "acme")

    def test_a_source_is_told_its_folder_only_with_the_right_to_read_it(self, tmp_path):
        """The path of the drop folder is nobody else's business."""
        source = Source(name="a", folder=tmp_path, converter="acme", options={"sheet": 2})
        granted = WorkerSettings(converters={"acme": {"drop_folder": True}})

        assert rule(source, WorkerSettings()) == Rule("acme", {"sheet": 2})
        assert rule(source, granted).options == {"sheet": 2, "drop_folder": str(tmp_path)}


class TestTheStart:
    def test_it_is_proved_before_a_file_comes(self, bench):
        """Every jail that is asked for is built once; nothing stays behind."""
        bench.put("acme", "raise Refused('no')")
        bench.workshop().prove()

        assert list(bench.scratch.iterdir()) == []

    def test_a_converter_whose_grants_can_not_be_had_is_set_aside(self, bench):
        """A library that is not installed, say; the others go on."""
        bench.put("acme", "raise Refused('fine')")
        bench.put("other", "raise Refused('no')")
        workshop = bench.workshop(converters={"other": {"libraries": ["not_installed_here"]}})
        workshop.prove()

        assert bench.says(workshop, "acme") == "fine"
        assert "No module named 'not_installed_here'" in bench.says(workshop, "other")

    def test_without_the_jail_nothing_starts(self, bench, monkeypatch):
        """Simulated: a kernel without Landlock, as the zygote finds it."""
        landlock_away(bench.scratch.parent / "away", monkeypatch)

        with pytest.raises(JailUnavailable, match="offers no Landlock"):
            bench.workshop().prove()
        bench.workshop(sandbox={"level": "seccomp"}).prove()

    def test_a_lower_level_is_named_in_the_terms(self, bench):
        """Visible in every conversion's story."""
        workshop = bench.workshop(sandbox={"level": "seccomp"})

        assert workshop.terms("wats-json") == "seccomp"
        assert [name.upper() for name in get_args(JailLevel)] == [
            level.name for level in sorted(Level, reverse=True)
        ]

    def test_a_start_at_a_lower_level_is_logged(self, bench, caplog):
        """Whoever reads the log of a start sees it."""
        bench.workshop(sandbox={"level": "process"}).prove()

        assert "jail_lowered" in caplog.messages


def landlock_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python that is started from now on finds a kernel without Landlock."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import landlockpy\nlandlockpy.abi_version = lambda: 0\n")
    monkeypatch.syspath_prepend(folder)


class TestAnAttempt:
    @pytest.fixture(autouse=True)
    def empty(self):
        self.pile = Pile()

    def attempt(self, bench, workshop, converter="auto", **options):
        return attempt(
            "0" * 32,
            bench.file,
            "unit.log",
            Rule(converter, options),
            tray=self.pile,
            workshop=workshop,
            thresholds=thresholds(WorkerSettings().convert),
        )

    def test_a_plugin_is_chosen_by_what_the_file_looks_like(self, bench):
        """With ours and theirs asked alike."""
        bench.put("acme", "raise Refused('fine')", sure=0.9)
        tried = self.attempt(bench, bench.workshop())

        assert (tried.converter, tried.scores["acme"], tried.terms) == ("acme", 0.9, "strict")
        assert tried.result.reason == "fine"

    def test_its_reports_are_checked_like_a_strangers(self, bench):
        """The id is ours; what no server would take is not passed on."""
        write_plugin(bench.plugins, "x", "yield report(sn='A'); yield report(start=options.station)")
        workshop = bench.workshop()

        good = self.attempt(bench, workshop, "hostile", station="2026-01-02T03:04:05+00:00")
        ids = [report["id"] for report in self.pile]
        bad = self.attempt(bench, workshop, "hostile", station="9999-01-01T00:00:00+00:00")

        assert ids == [one.report_id for one in good.result]
        assert isinstance(bad.result, Quarantine)
        assert bad.result.place.startswith("report 2")
        assert list(self.pile) == []

    def test_a_file_whose_converter_is_away_is_not_blamed(self, bench):
        """Nothing was tried, and the reason is the converter's."""
        tried = self.attempt(bench, bench.workshop(), "acme")

        assert tried.result == Absent("there is no converter 'acme'")

    def test_one_that_breaks_while_it_is_asked_stays_out_of_it(self, bench):
        """It is named where nobody knows the file."""
        bench.put("acme", "pass", sure="1 / 0")

        tried = self.attempt(bench, bench.workshop())

        assert isinstance(tried.result, Quarantine)
        assert "acme could not be asked: ZeroDivisionError" in tried.result.reason
