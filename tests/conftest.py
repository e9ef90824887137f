"""Fixtures that every folder of tests may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import fakeredis
import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from wats_broker.connection import connect
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.settings import BrokerSettings

# Neither how fast a machine is nor chance decides about a test: the same code sees the same examples.
# `make test ARGS="--hypothesis-profile=explore"` looks for new ones.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("project", settings.get_profile("explore"), derandomize=True)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own WATS_… variables change no test."""
    for name in [name for name in os.environ if name.upper().startswith("WATS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerSettings]:
    """A private Valkey server for the whole session, as the settings to reach it."""
    folder: Path = tmp_path_factory.mktemp("broker")
    with EmbeddedServer(folder):
        yield BrokerSettings(url=f"embedded:{folder}")


@pytest.fixture
def real_redis(broker: BrokerSettings) -> Iterator[Redis]:
    """The private server, empty."""
    with connect(broker) as client:
        client.flushall()
        yield client


@pytest.fixture
def fake_redis() -> Iterator[Redis]:
    """A server made of Python, empty."""
    with fakeredis.FakeRedis(decode_responses=True, protocol=2) as client:
        yield client


@pytest.fixture(params=["fake", "real"])
def redis(request: pytest.FixtureRequest) -> Redis:
    """Both, one after the other: for suites about behaviour."""
    client: Redis = request.getfixturevalue(f"{request.param}_redis")
    return client
