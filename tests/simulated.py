"""A simulated WATS server for tests. Import the fixtures into the conftest.py of the folder that needs them."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from wats_worker.simulator.running import Simulator
from wats_worker.simulator.settings import SimulatorSettings

_COUNT = itertools.count()
_CHANGES = (
    "mode",
    "rate",
    "rate_window_s",
    "max_body",
    "latency_ms",
    "processing_delay_s",
    "future_tolerance_s",
    "clock_offset_s",
)


@pytest.fixture(scope="session")
def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One server process for the whole session; tests use `wats`, which is this one as new."""
    with Simulator(tmp_path_factory.mktemp("simulator") / "wats.sqlite") as simulator:
        yield simulator


@pytest.fixture
def wats(running_simulator: Simulator) -> Simulator:
    """A server without reports, requests and faults, with the default settings."""
    fresh = SimulatorSettings.__dataclass_fields__
    running_simulator.clear_faults()
    running_simulator.forget()
    running_simulator.change(**{name: fresh[name].default for name in _CHANGES})
    return running_simulator


@pytest.fixture
def simulators(tmp_path) -> Iterator[Callable[..., Simulator]]:
    """Makes servers of their own, for tests that stop them or start them with other settings."""
    made: list[Simulator] = []

    def start(**settings: Any) -> Simulator:
        made.append(Simulator(tmp_path / f"wats-{len(made)}.sqlite", **settings))
        return made[-1].start()

    yield start
    for simulator in made:
        simulator.__exit__()


@pytest.fixture
def client(wats: Simulator) -> Iterator[httpx.Client]:
    """A client with the right token."""
    with connected(wats) as client:
        yield client


def connected(simulator: Simulator, **headers: str) -> httpx.Client:
    """A client of this server."""
    return httpx.Client(base_url=simulator.url, headers=simulator.headers | headers, timeout=10)


def uut_report(**changes: Any) -> dict[str, Any]:
    """A small valid test report that is like no other."""
    number = next(_COUNT)
    return {
        "type": "T",
        "id": str(uuid.uuid4()),
        "pn": "PSU-24",
        "sn": f"SN-{number}",
        "rev": "B",
        "processCode": 60,
        "result": "P",
        "machineName": "FCT-1",
        "location": "Hall 2",
        "purpose": "Production",
        "start": "2026-03-17T08:14:05.2500001+01:00",
        "startUTC": "2026-03-17T07:14:05.2500001Z",
        "uut": {"user": "op17", "execTime": 12.4},
        "root": {
            "id": 1,
            "group": "M",
            "stepType": "SequenceCall",
            "name": "Main",
            "status": "P",
            "seqCall": {"path": "psu", "name": "psu.seq", "version": "3.1"},
        },
    } | changes


def uur_report(*failures: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A small valid repair report."""
    number = next(_COUNT)
    unit = {"idx": 0, "pn": "PSU-24", "sn": f"SN-{number}", "rev": "B", "failures": list(failures)}
    return {
        "type": "R",
        "id": str(uuid.uuid4()),
        "pn": "PSU-24",
        "sn": f"SN-{number}",
        "rev": "B",
        "processCode": 500,
        "result": "P",
        "machineName": "REPAIR-1",
        "location": "Hall 2",
        "purpose": "Repair",
        "start": "2026-03-17T10:02:00+01:00",
        "startUTC": "2026-03-17T09:02:00Z",
        "uur": {
            "user": "rep03",
            "processCode": 60,
            "refUUT": None,
            "confirmDate": None,
            "finalizeDate": None,
            "execTime": None,
        },
        "subUnits": [unit],
    } | changes


def failure(**changes: Any) -> dict[str, Any]:
    """A finding that the generic repair operation knows."""
    return {"category": "Component", "code": "Defect Component", "comRef": "C12"} | changes


def post(client: httpx.Client, report: dict[str, Any]) -> httpx.Response:
    """Upload a report as JSON."""
    return client.post("/api/Report/WSJF", json=report)
