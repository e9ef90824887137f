"""The factory in numbers, scraped over HTTP as a Prometheus does."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from support import ROOT
from worker.control.monitoring import asked, samples

from wats_broker.access import Scope
from wats_broker.fleet import Worker
from wats_broker.messages import Done, FileSeen, Offer
from wats_broker.metrics import counted, observed
from wats_broker.states import FileState
from wats_worker.control import descriptors
from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings

SOURCE = {"name": "ict", "folder": "/in"}
FILE = "a" * 32


@pytest.fixture
def settings(tmp_path):
    return WorkerSettings(
        spool=SpoolSettings(folder=tmp_path / "spool"),
        sources=[SOURCE],
        control=ControlSettings(open_metrics=True),
    )


@pytest.fixture
def scrape(place):
    def scrape():
        with asked(place) as http:
            return samples(http.get("/metrics").raise_for_status().text)

    return scrape


def convert(desk, *, source="ict", converter="better", file_id=FILE):
    desk.journal.seen(FileSeen(file_id, source, "unit.log", 10, waited_s=0.02))
    desk.journal.take(file_id, worker="w", term_s=15)
    desk.journal.record(
        file_id,
        "file_converted",
        state=FileState.CONVERTED,
        fields={"converter": converter},
        tallies=[counted("reports", source, converter, "made"), observed("jail", converter, seconds=0.2)],
    )
    desk.queue.offer(file_id, [Offer(f"r-{file_id[:4]}")])


def test_every_metric_that_is_described_is_told(scrape, place):
    """With its kind and its meaning, also while there is nothing to tell yet."""
    with asked(place) as http:
        told = {family.name: family for family in text_string_to_metric_families(http.get("/metrics").text)}

    for metric in descriptors.METRICS:
        family = told[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.text)


def test_a_file_is_seen_on_its_way_through_the_factory(desk, scrape):
    """By source, converter and outcome; how long it took; where its report is."""
    convert(desk)
    desk.fleet.beat(Worker("h-convert-1", "convert", "h", 1, "1", "1.0", 0.0, jail="seccomp"))
    told = scrape()

    assert told["wats_files_total"]["ict", "better", "converted"] == 1
    assert told["wats_reports_total"]["ict", "better", "made"] == 1
    assert told["wats_stage_seconds_count"]["seen", "converting"] == 1
    assert told["wats_jail_seconds_bucket"]["better", "0.1"] == 0
    assert told["wats_jail_seconds_bucket"]["better", "0.25"] == 1
    assert told["wats_claim_wait_seconds_sum"][()] == pytest.approx(0.02)
    assert told["wats_queue_reports"]["ready",] == 1
    assert (told["wats_workers"]["convert",], told["wats_workers"]["upload",]) == (1, 0)
    assert (told["wats_jail_level"][()], told["wats_jail_level_required"][()]) == (3, 4)
    assert told["wats_lane_state"] == {("open",): 1, ("probing",): 0, ("gated",): 0, ("paused",): 0}


def test_what_the_configuration_does_not_know_is_other(desk, scrape):
    """A source that was renamed last year, a plugin that is gone: one label for all of them, nothing lost."""
    convert(desk, source="old", converter="gone", file_id="b" * 32)
    convert(desk, source="older", converter="gone", file_id="c" * 32)

    told = scrape()

    assert told["wats_files_total"] == {
        ("other", "none", "seen"): 2,
        ("other", "none", "converting"): 2,
        ("other", "other", "converted"): 2,
    }
    assert told["wats_jail_seconds_count"] == {("other",): 2}


def test_the_lane_and_its_slots_are_told(desk, scrape):
    """What is under way, and why nothing is."""
    convert(desk)
    desk.queue.lease("p")
    desk.queue.pause("maintenance")

    told = scrape()

    assert (told["wats_upload_slots_in_use"][()], told["wats_upload_slots"][()]) == (1, 5)
    assert told["wats_lane_state"]["paused",] == 1


def test_a_delivered_report_is_timed(desk, scrape):
    """From the offer to the server's word."""
    convert(desk)
    desk.queue.settle(desk.queue.lease("p"), Done())

    assert scrape()["wats_delivery_seconds_count"][()] == 1


def test_open_metrics_is_spoken_too(place):
    """Whoever asks for it gets it, and it can be read."""
    with asked(place) as http:
        answer = http.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert any(family.name == "wats_broker_up" for family in open_metrics(answer.text))


def test_metrics_are_for_those_who_may_read(serve, desk, make_desk, settings):
    """Unless the configuration opens them, a token is needed; one that may read is enough."""
    closed = settings.model_copy(update={"control": ControlSettings()})
    place = serve(closed, desk=make_desk(closed))
    _, token = desk.access.create("prometheus", Scope.READ)
    with asked(place) as nobody, asked(place, token=token) as prometheus:
        assert nobody.get("/metrics").status_code == 401
        assert prometheus.get("/metrics").status_code == 200


def test_the_reference_page_is_up_to_date():
    """``make docs`` makes it again."""
    assert (ROOT / "docs/reference/metrics.md").read_text() == descriptors.page()
