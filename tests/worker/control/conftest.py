"""A door that is really served, on a broker that is really there."""

from contextlib import ExitStack

import pytest

from wats_broker.access import Access, Scope
from wats_broker.fleet import Fleet
from wats_broker.journal import Journal
from wats_broker.names import Keys
from wats_broker.queue import QueueLimits, UploadQueue
from wats_worker.control import api
from wats_worker.control.client import Client
from wats_worker.control.desk import Desk
from wats_worker.control.place import Place
from wats_worker.control.serving import serving
from wats_worker.control.tokens import local_token
from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings
from wats_worker.spool.store import Spool


@pytest.fixture
def settings(tmp_path):
    return WorkerSettings(
        spool=SpoolSettings(folder=tmp_path / "spool"),
        control=ControlSettings(requests_per_minute=6000, burst=1000),
    )


@pytest.fixture
def make_desk(real_redis, tmp_path):
    def make(settings):
        keys = Keys()
        return Desk(
            settings=settings,
            config=None,
            redis=real_redis,
            keys=keys,
            access=Access(real_redis, keys),
            journal=Journal(real_redis, keys),
            queue=UploadQueue(real_redis, keys, limits=QueueLimits()),
            fleet=Fleet(real_redis, keys),
            spool=Spool(settings.spool.folder),
            dispatch=lambda: pytest.fail("nothing is to be sent"),
        )

    return make


@pytest.fixture
def desk(make_desk, settings):
    return make_desk(settings)


@pytest.fixture
def serve(desk):
    """Serves an API at a place until the test is over."""
    with ExitStack() as held:

        def start(settings, desk=desk):
            place = Place.of(settings)
            desk.access.admit(local_token(settings).get_secret_value(), "local", Scope.ADMIN)
            held.enter_context(serving(api.build(desk), place))
            return place

        yield start


@pytest.fixture
def place(serve, settings):
    return serve(settings)


@pytest.fixture
def client(place, settings):
    """The operator of this machine."""
    with Client.local(settings) as control:
        yield control
