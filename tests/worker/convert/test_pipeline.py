"""One file through the convert stage: real spool, real jail, real converters, a real server for the messages."""

import errno
import json
import os
import signal
import threading
import time

import pytest
from plugins import write_plugin

from wats_broker.board import Board
from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.fleet import Fleet
from wats_broker.journal import Journal
from wats_broker.messages import FileSeen
from wats_broker.metrics import Metrics
from wats_broker.names import Keys, Stage
from wats_broker.queue import QueueLimits, UploadQueue
from wats_broker.states import FileState, ReportState
from wats_broker.switches import Kind, Switches
from wats_worker.convert.accept import report_id
from wats_worker.convert.choose import Thresholds
from wats_worker.convert.known import Knowledge
from wats_worker.convert.pipeline import Patience, Pipeline
from wats_worker.convert.rules import Rule
from wats_worker.convert.workshop import Workshop
from wats_worker.reports.processes import Copy, Processes
from wats_worker.settings import WorkerSettings
from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Claimable, Place
from wats_worker.spool.names import Identity
from wats_worker.spool.store import DiskSpool

GOOD = {
    "type": "T", "pn": "PN", "sn": "SN-1", "rev": "A", "processCode": 10, "result": "P",
    "machineName": "M", "location": "L", "purpose": "P", "start": "2026-01-02T03:04:05+00:00",
    "uut": {"user": "op"},
    "root": {"id": 0, "group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P",
             "seqCall": {"path": "p", "name": "Main", "version": "1"}, "steps": []},
}  # fmt: skip


class Bench:
    """The convert stage with everything around it."""

    def __init__(self, tmp_path, redis, broker):
        self.folder = tmp_path / "in"
        self.folder.mkdir()
        self.tmp_path = tmp_path
        self.spool = DiskSpool(tmp_path / "spool")
        self.journal = Journal(redis, Keys())
        self.board = Board(redis, Keys())
        self.switches = Switches(redis, Keys())
        self.fleet = Fleet(redis, Keys())
        self.metrics = Metrics(redis, Keys())
        self.queue = UploadQueue(redis, Keys(), limits=QueueLimits(max_size=3))
        self.dispatch = Dispatch(celery_app(broker, Stage.WATCH))
        self.plugins = tmp_path / "plugins"
        self.plugins.mkdir()
        self.rules = {}
        self.workshops = []

    def pipeline(self, **patience):
        settings = WorkerSettings(convert={"wall_s": 20, "plugins": self.plugins})
        workshop = Workshop(settings, scratch=self.tmp_path / "scratch")
        self.workshops.append(workshop)
        return Pipeline(
            worker="test",
            spool=self.spool,
            journal=self.journal,
            queue=self.queue,
            dispatch=self.dispatch,
            switches=self.switches,
            workshop=workshop,
            knowledge=Knowledge(
                board=self.board, copy=self.tmp_path / "spool/processes.json", server="https://plant"
            ),
            rules=self.rules,
            thresholds=Thresholds(),
            patience=Patience(**patience),
            fleet=self.fleet,
        )

    def plugin(self, body):
        write_plugin(self.plugins, "plugin", body)
        self.rules["ict"] = Rule("hostile")

    def claim(self, content, name="unit.json"):
        path = self.folder / name
        path.write_bytes(content)
        identity = Identity("ict")
        identity.feed(content)
        file_id = identity.file_id
        stamp = Stamp.of(path.lstat())
        self.spool.claim(
            [Claimable("ict", self.folder, name, file_id, identity.sha256, stamp, "convert", 5)], keep=False
        )
        self.journal.seen(FileSeen(file_id, "ict", name, len(content)))
        self.queue.reserve(file_id)
        return file_id

    def close(self):
        for workshop in self.workshops:
            workshop.close()
        self.spool.close()


@pytest.fixture
def bench(tmp_path, real_redis, broker):
    bench = Bench(tmp_path, real_redis, broker)
    yield bench
    bench.close()


def body(**changes):
    return json.dumps(GOOD | changes).encode()


def test_a_file_becomes_a_report_on_the_spool_and_in_the_queue(bench):
    """Its id is made from the file, so that every attempt makes the same one."""
    file_id = bench.claim(body())

    assert bench.pipeline().run(file_id, attempt_name="a") == "converted"

    (pending,) = bench.spool.pending(file_id)
    assert pending == report_id(file_id, 0)
    report = json.loads(bench.spool.report(file_id, pending))
    assert report["id"] == pending
    assert report["sn"] == "SN-1"
    assert bench.queue.where([pending]) == [ReportState.READY]
    assert bench.queue.census().reserved == 0
    assert bench.journal.file(file_id).state is FileState.CONVERTED
    assert bench.journal.file(file_id).facts["converter"] == "wats-json"


def test_the_logs_own_id_is_kept(bench):
    """WATS knows the report by the id it came with; the queue knows it by the file's."""
    own = "d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11"
    file_id = bench.claim(body(id=own))

    bench.pipeline().run(file_id, attempt_name="a")

    (pending,) = bench.spool.pending(file_id)
    assert pending == report_id(file_id, 0)
    assert json.loads(bench.spool.report(file_id, pending))["id"] == own


def test_the_second_time_is_boring(bench):
    """Celery redelivers: the file is finished, and nothing changes."""
    file_id = bench.claim(body())
    pipeline = bench.pipeline()
    pipeline.run(file_id, attempt_name="a")

    assert pipeline.run(file_id, attempt_name="b") == "finished"

    assert bench.queue.census().ready == 1


def test_a_file_that_redis_forgot_is_still_converted(bench, real_redis):
    """The message outlived the journal; the spool knows the file."""
    file_id = bench.claim(body())
    real_redis.flushall()

    assert bench.pipeline().run(file_id, attempt_name="a") == "converted"

    assert bench.journal.file(file_id).name == "unit.json"


def test_a_file_that_redis_forgets_meanwhile_is_left_to_reconciling(bench, real_redis):
    """Its reports are safe on the spool; entering it anew is the business of who knows its card."""
    file_id = bench.claim(body())
    pipeline = bench.pipeline()
    bench.spool._step = lambda _step: real_redis.flushall()

    assert pipeline.run(file_id, attempt_name="a") == "left"

    assert bench.spool.converted(file_id)
    assert bench.journal.file(file_id) is None


def test_a_worker_that_goes_home_hands_its_file_back(bench):
    """However long its conversion would take; it is sent again at once, and was no attempt."""
    bench.plugin("time.sleep(100)")
    file_id = bench.claim(b"x")
    pipeline = bench.pipeline()
    before = signal.getsignal(signal.SIGUSR1)
    pipeline._interrupt.listen(signal.SIGUSR1)
    told = threading.Timer(0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGUSR1])
    told.start()

    assert pipeline.run(file_id, attempt_name="a") == "left"

    signal.signal(signal.SIGUSR1, before)
    assert bench.journal.file(file_id).state is FileState.SEEN
    assert bench.journal.file(file_id).attempts == 0
    assert bench.dispatch.backlog("convert") == 1


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_is_no_fault_of_the_file(bench, error):
    """It is left for better days as often as it takes, and said once."""
    file_id = bench.claim(body())
    pipeline = bench.pipeline(max_attempts=2)

    def full(_step):
        raise OSError(error, os.strerror(error))

    bench.spool._step = full
    fates = {pipeline.run(file_id, attempt_name=str(n)) for n in range(5)}
    bench.spool._step = lambda _step: None

    assert fates == {"left"}
    assert pipeline.run(file_id, attempt_name="z") == "converted"


def test_a_message_about_nothing_is_nothing(bench):
    """Delivered and forgotten long ago, or never there."""
    assert bench.pipeline().run("f" * 32, attempt_name="a") == "finished"


def test_an_unknown_format_is_quarantined_with_its_reason(bench):
    """Kept with a reason and a fix; its room is free again."""
    file_id = bench.claim(b"Dear all, the tester is down again.", "note.txt")

    assert bench.pipeline().run(file_id, attempt_name="a") == "quarantined"

    assert bench.spool.place(file_id) is Place.QUARANTINED
    assert "unknown format" in bench.spool.reason(file_id)["reason"]
    assert bench.journal.file(file_id).facts["reason"] == bench.spool.reason(file_id)["reason"]
    assert bench.queue.census().depth == 0


def test_a_refused_file_names_what_is_missing(bench):
    """The converter's own words reach the person."""
    bench.plugin('raise Refused("there is none", field="serial number", place="line 3", fix="scan it")')
    file_id = bench.claim(b"x")

    bench.pipeline().run(file_id, attempt_name="a")

    told = bench.spool.reason(file_id)
    assert (told["field"], told["place"], told["fix"]) == ("serial number", "line 3", "scan it")


def test_a_converters_report_is_checked_like_a_strangers(bench):
    """What the child says is no report until the parent has read it."""
    bench.plugin('yield report(start="9999-01-01T00:00:00+00:00")')
    file_id = bench.claim(b"x")

    assert bench.pipeline().run(file_id, attempt_name="a") == "quarantined"

    assert "future" in bench.spool.reason(file_id)["reason"]


def test_reports_without_room_are_held(bench):
    """A panel larger than the queue: within the bound, in order, nothing lost."""
    bench.plugin('for n in range(5): yield report(sn=f"SN-{n}")')
    file_id = bench.claim(b"x")

    bench.pipeline().run(file_id, attempt_name="a")

    assert len(bench.spool.pending(file_id)) == 5
    census = bench.queue.census()
    assert (census.ready, census.held) == (3, 2)


def test_an_unfinished_file_is_suspended_then_quarantined(bench):
    """Its end may still come; after a while a person has to look."""
    bench.plugin('raise NotReady("no closing tag")')
    file_id = bench.claim(b"x")
    assert bench.pipeline().run(file_id, attempt_name="a") == "suspended"

    assert bench.pipeline(unfinished_s=0.0).run(file_id, attempt_name="b") == "quarantined"

    assert "never finished: no closing tag" in bench.spool.reason(file_id)["reason"]


def test_an_unfinished_file_may_be_looked_at_often(bench):
    """Waiting for its end is no attempt that failed."""
    bench.plugin('raise NotReady("no closing tag")')
    file_id = bench.claim(b"x")
    pipeline = bench.pipeline(unfinished_s=3600, max_attempts=3)

    fates = {pipeline.run(file_id, attempt_name=str(n)) for n in range(8)}

    assert fates == {"suspended"}


def test_a_converter_that_kills_its_process_is_tried_again_and_then_quarantined(bench):
    """Three crashes are the file's own fault; its last words are kept beside it."""
    bench.plugin('print("so long", flush=True); ctypes.string_at(0)')
    file_id = bench.claim(b"x")
    pipeline = bench.pipeline(max_attempts=3)

    fates = [pipeline.run(file_id, attempt_name=name) for name in ("a", "b", "c")]

    assert fates == ["seen", "seen", "quarantined"]
    assert "crashed" in bench.spool.reason(file_id)["reason"]
    stderr = bench.tmp_path / "spool" / "quarantine" / file_id / "stderr.txt"
    assert b"so long" in stderr.read_bytes()


def test_a_file_that_kills_its_workers_is_not_converted_for_ever(bench):
    """Workers die with it, out of memory perhaps, and cannot even say so."""
    file_id = bench.claim(body())
    for n in range(4):
        bench.journal.take(file_id, worker=f"w{n}", term_s=0.0)

    assert bench.pipeline(max_attempts=3).run(file_id, attempt_name="a") == "quarantined"

    assert "its worker died 4 times" in bench.spool.reason(file_id)["reason"]


def test_a_file_written_to_after_its_claim_is_given_back(bench):
    """Its writer held it open; under this identity it must not become a report."""
    file_id = bench.claim(body())
    with bench.spool.source(file_id).open("ab") as writer:
        writer.write(b" ")

    assert bench.pipeline().run(file_id, attempt_name="a") == "seen"

    assert bench.spool.pending(file_id) == []
    assert bench.queue.census().ready == 0


def test_choosing_and_converting_take_one_run(bench):
    """The surest of our own converts in the run that asks; who is asked alone decides nothing."""
    bench.pipeline()
    path = bench.folder / "unit.json"
    path.write_bytes(body())

    probed = bench.workshops[0].probe(path, "unit.json", then={})

    assert probed.tried.converter == "wats-json"
    assert len(probed.tried.outcome.reports) == 1
    assert max(probed.scores, key=probed.scores.get) == "wats-json"


PROCESSES = [
    {"code": 10, "name": "SW Debug", "isTestOperation": True, "state": 1},
    {"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1},
    {"code": 70, "name": "Twin", "isTestOperation": True, "state": 1},
    {"code": 71, "name": "Twin", "isTestOperation": True, "state": 1},
]


class TestWithTheServersProcesses:
    @pytest.fixture
    def bench(self, bench):
        copy = Copy(
            server="https://plant", confirmed_at=time.time(), processes=tuple(Processes.of(PROCESSES))
        )
        bench.board.put_up(
            copy.dump(), version="1", server=copy.server, size=4, confirmed_at=copy.confirmed_at
        )
        return bench

    def quarantined(self, bench, **changes):
        file_id = bench.claim(body(**changes))
        assert bench.pipeline().run(file_id, attempt_name="a") == "quarantined"
        return bench.spool.reason(file_id)

    def test_a_code_the_server_does_not_know_goes_no_further(self, bench):
        """The file waits with a reason and a way out, and a newer list is asked for."""
        reason = self.quarantined(bench, processCode=61)

        assert reason["reason"] == "61 is not known on this server"
        assert reason["field"] == "process code"
        assert "process_code" in reason["fix"]
        assert bench.board.look().wanted

    def test_a_name_that_the_list_resolves_becomes_its_code(self, bench):
        """Exactly as the server writes it."""
        file_id = bench.claim(body(processCode=None, processName="Functional test"))

        assert bench.pipeline().run(file_id, attempt_name="a") == "converted"

        (pending,) = bench.spool.pending(file_id)
        report = json.loads(bench.spool.report(file_id, pending))
        assert (report["processCode"], report["processName"]) == (60, "Functional test")

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("functional test", "no test of that name; did it mean 'Functional test'?"),
            ("Twin", "several of that name: 70, 71"),
        ],
    )
    def test_a_name_that_it_does_not_resolve_is_refused(self, bench, name, told):
        """With what can be done about it."""
        reason = self.quarantined(bench, processCode=None, processName=name)

        assert told in reason["reason"]
        assert f'process_codes = {{ "{name}" = … }}' in reason["fix"]

    def test_a_testers_own_name_beside_a_configured_code_is_kept_elsewhere(self, bench):
        """The server would refuse it beside the code."""
        bench.rules["ict"] = Rule(options={"process_code": 10})
        file_id = bench.claim(body(processCode=None, processName="Tuning"))

        bench.pipeline().run(file_id, attempt_name="a")

        (pending,) = bench.spool.pending(file_id)
        report = json.loads(bench.spool.report(file_id, pending))
        assert (report["processCode"], "processName" in report) == (10, False)
        assert {"description": "Process", "text": "Tuning"} in [
            {key: info[key] for key in ("description", "text")} for info in report["miscInfos"]
        ]


def test_a_run_that_was_reported_before_is_warned_about(bench):
    """Another file of the same unit, process and start: the server would overwrite the first one silently."""
    first, second = bench.claim(body()), bench.claim(body() + b"\n", "again.json")
    pipeline = bench.pipeline()
    pipeline.run(first, attempt_name="a")

    pipeline.run(second, attempt_name="b")

    told = f"report {report_id(first, 0)} has the same unit, process and start, and would be overwritten"
    assert any(told in warning for warning in bench.spool.made(second).how.warnings)
    assert not any(told in warning for warning in bench.spool.made(first).how.warnings)
    assert told in bench.journal.file(second).story[-1].facts["warnings"]


class TestAPersonsWord:
    """What somebody says while the line runs."""

    def test_a_file_is_found_by_its_units_serial_number(self, bench):
        """As soon as it is converted."""
        file_id = bench.claim(body())

        bench.pipeline().run(file_id, attempt_name="a")

        (card,) = bench.spool.made(file_id).reports
        assert (card.serial, card.kind, card.result) == ("SN-1", "T", "P")

    def test_a_replayed_file_goes_by_the_converter_that_was_named(self, bench):
        """Whatever its source says; options of the source's own converter are left out."""
        bench.rules["ict"] = Rule("wats-text", {"operator": "op"})
        file_id = bench.claim(body())
        bench.pipeline().run(file_id, attempt_name="a")
        assert bench.spool.place(file_id) is Place.QUARANTINED
        bench.spool.replay(file_id, converter="wats-json")
        bench.journal.record(file_id, "file_replayed", state=FileState.SEEN)

        assert bench.pipeline().run(file_id, attempt_name="b") == "converted"

        assert bench.journal.file(file_id).facts["converter"] == "wats-json"

    def test_a_converter_that_is_switched_off_converts_nothing(self, bench):
        """The file waits for a while, and then for a person, who reads who did it and why."""
        bench.switches.turn_off(Kind.CONVERTER, "wats-json", who="hall 3", reason="it loses the limits")
        bench.rules["ict"] = Rule("wats-json")
        file_id = bench.claim(body())
        pipeline = bench.pipeline(unfinished_s=0)

        assert pipeline.run(file_id, attempt_name="a") == "suspended"
        assert pipeline.run(file_id, attempt_name="b") == "quarantined"
        assert "switched off by hall 3: it loses the limits" in bench.spool.reason(file_id)["reason"]

        bench.switches.turn_on(Kind.CONVERTER, "wats-json")
        bench.spool.replay(file_id)
        bench.journal.record(file_id, "file_replayed", state=FileState.SEEN)
        assert bench.pipeline().run(file_id, attempt_name="c") == "converted"


def test_a_worker_that_can_not_work_complains_until_it_can(bench):
    """Whoever asks for the line's health hears of a pool process, too, that has no heartbeat of its own."""
    file_id = bench.claim(body())
    pipeline = bench.pipeline()

    def full(_step):
        raise OSError(errno.ENOSPC, "full")

    before, bench.spool._step = bench.spool._step, full
    pipeline.run(file_id, attempt_name="a")
    (complaint,) = bench.fleet.complaints()
    bench.spool._step = before
    pipeline.run(file_id, attempt_name="b")

    assert (complaint.worker, complaint.what) == ("test", "spool")
    assert bench.fleet.complaints() == []


def test_an_attempt_is_counted_with_what_it_used(bench):
    """Which converter, how long in the jail and what the jail itself cost; how it broke, if it did."""
    bench.pipeline().run(bench.claim(body()), attempt_name="a")
    bench.plugin("import os; os._exit(3)")
    bench.pipeline(max_attempts=1).run(bench.claim(b"x", "odd.txt"), attempt_name="a")

    told = bench.metrics.read()

    assert told.counter("reports")["ict", "wats-json", "made"] == 1
    assert told.counter("files")["ict", "hostile", "quarantined"] == 1
    assert told.counter("faults") == {("hostile", "crashed"): 1}
    assert sum(told.histogram("jail")["wats-json",].counts.values()) == 1
    assert 0 < told.histogram("overhead")[()].sum_s < 5
    assert told.counter("cpu")["wats-json",] > 0
