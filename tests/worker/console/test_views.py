"""What is shown of the line."""

import pytest

from wats_broker.fleet import Worker
from wats_broker.states import FileState
from wats_broker.trend import Sample
from wats_worker.console import plots, views
from wats_worker.console.trend import Past, Rate, latest, rates
from wats_worker.control.models.status import Status
from wats_worker.control.models.trend import Trend


def status(**changes):
    queue = {
        "ready": 3, "leased": 2, "delayed": 0, "reserved": 1, "held": 0, "buried": 0, "delivered": 9,
        "max_size": 10, "paused": None, "gated_s": 0.0, "gate_reason": None, "depth": 6,
    }  # fmt: skip
    told = {
        "healthy": True,
        "concerns": [],
        "workers": [
            Worker(f"h-{stage}-1", stage, "h", 1, "0.1", "1.0", 0.0)
            for stage in ("watch", "convert", "upload")
        ],
        "queue": queue | changes.pop("queue", {}),
        "files": dict.fromkeys(FileState, 0) | changes.pop("files", {}),
        "sources": [],
        "scheduled": [],
        "processes": {"known": 0, "age_s": None, "trouble": None},
        "sandbox": {"level": "strict", "trusted": []},
        "troubles": [],
        "parked": 0,
        "notes": [],
        "at": 100.0,
    }
    return Status.model_validate(told | changes)


def stations(**changes):
    return {one.key: one for one in views.picture(status(**changes), None, None).stations}


def test_a_line_at_work_is_green():
    """With what is on its way at each station."""
    found = stations(files={FileState.SEEN: 4, FileState.CONVERTING: 1, FileState.DELIVERED: 1234})

    assert {one.mood for one in found.values()} == {"good"}
    assert (found["convert"].value, found["queue"].value, found["upload"].value) == ("5", "6", "2")
    assert found["server"].notes == ("1\N{NO-BREAK SPACE}234 files delivered",)


@pytest.mark.parametrize("stage", ["watch", "convert", "upload"])
def test_a_stage_without_a_worker_is_red(stage):
    """Nothing else about it is any good then."""
    alive = [one for one in status().workers if one.stage != stage]

    assert stations(workers=alive)[stage].mood == "bad"


@pytest.mark.parametrize(
    ("queue", "words"),
    [({"paused": "the server moves"}, "lane paused"), ({"gated_s": 30.0}, "lane waits 30 s")],
)
def test_a_lane_that_is_shut_says_so(queue, words):
    """At both of its ends."""
    found = stations(queue=queue)

    assert (found["upload"].mood, found["server"].mood) == ("warn", "warn")
    assert words in found["upload"].notes


def test_a_queue_near_its_bound_is_amber():
    """Files will wait in their folders soon."""
    assert stations(queue={"depth": 9})["queue"].mood == "warn"
    assert stations(queue={"depth": 9, "max_size": 0})["queue"].mood == "good"


def test_what_stands_beside_the_line_is_counted():
    """And only what waits for a person is red."""
    found = views.picture(
        status(files={FileState.QUARANTINED: 2}, queue={"buried": 1, "held": 5}), None, None
    ).sidings

    assert [(one.key, one.count, one.mood) for one in found] == [
        ("quarantined", 2, "bad"),
        ("held", 5, "warn"),
        ("delayed", 0, "idle"),
        ("buried", 1, "bad"),
    ]


def test_the_past_learns_only_what_is_new():
    """Two tabs that tell it the same do no harm, and an hour is enough."""
    past = Past()
    for _ in range(2):
        past.learn(Trend(samples=[Sample(10.0), Sample(20.0)], every_s=10))
    assert [one.at for one in past.samples] == [10.0, 20.0]

    past.learn(Trend(samples=[Sample(3620.0)], every_s=10))
    assert [one.at for one in past.samples] == [3620.0]


def test_a_broker_that_forgot_makes_no_negative_rates():
    """Its counters begin anew."""
    samples = [Sample(0.0, taken=100), Sample(30.0, taken=2), Sample(60.0, taken=12, delivered=5)]

    assert rates(samples) == [Rate(60.0, 20.0, 10.0)]
    assert latest(samples[:2]) is None
    assert latest([]) is None


def test_the_plots_are_drawn_from_the_samples():
    """In milliseconds, as the library wants them."""
    samples = [Sample(0.0, queued=1), Sample(60.0, taken=10, queued=4, held=2)]

    taken, delivered = plots.throughput(samples)["series"]
    assert (taken["data"], delivered["data"]) == ([[60_000, 10]], [[60_000, 0]])
    assert [one["data"][-1][1] for one in plots.depth(samples)["series"]] == [0, 4, 2]
