"""A door that is really served, on a broker that is really there."""

from contextlib import ExitStack

import pytest

from wats_broker.access import Access, Scope
from wats_broker.board import Board
from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.fleet import Fleet, WatchLease
from wats_broker.journal import Journal
from wats_broker.names import Keys, Stage, celery_queue
from wats_broker.parking import Parking
from wats_broker.polls import Polls
from wats_broker.queue import QueueLimits, UploadQueue
from wats_broker.switches import Switches
from wats_worker.archive.archive import Archive
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.feed import Feed
from wats_worker.catalogue.numbers import Numbers
from wats_worker.control import api, problems
from wats_worker.control.client import Client
from wats_worker.control.desk import Desk, Neighbours
from wats_worker.control.jobs import Jobs
from wats_worker.control.models.converters import ConverterCard, Tried
from wats_worker.control.models.processes import ProcessList
from wats_worker.control.operator import local_token
from wats_worker.control.place import Place
from wats_worker.control.serving import serving
from wats_worker.retention.holds import Holds
from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings
from wats_worker.spool.store import DiskSpool
from wats_worker.store.folder import FolderStore
from wats_worker.trail.book import Book


def tried(file, name, source, converter):
    """A jail that only tells what it was given."""
    if source == "nowhere":
        raise problems.not_found("there is no source 'nowhere'")
    told = {"name": name, "bytes": file.stat().st_size, "source": source}
    return Tried(
        outcome="converted",
        why=None,
        missing=[],
        converter=converter,
        scores={},
        jail="strict",
        usage={},
        warnings=[],
        reports=[told],
        total=1,
    )


BETTER = ConverterCard(
    name="better", title="", version="1", origin="", jail="", state="ready", reason=None, findings=[]
)


@pytest.fixture
def settings(tmp_path):
    return WorkerSettings(
        spool=SpoolSettings(folder=tmp_path / "spool"),
        control=ControlSettings(requests_per_minute=6000, burst=1000),
    )


@pytest.fixture
def make_desk(real_redis, broker):
    opened = []

    def make(settings):
        keys, archive = Keys(), Archive(FolderStore(settings.archive_folder()))
        catalogue = Catalogue.open(None, settings.catalogue_file())
        opened.append(catalogue)
        spool = DiskSpool(settings.spool.folder, remembered=archive.has)
        feed = Feed(journal=Journal(real_redis, keys), spool=spool, catalogue=catalogue)
        return Desk(
            settings=settings,
            config=None,
            redis=real_redis,
            keys=keys,
            access=Access(real_redis, keys),
            journal=Journal(real_redis, keys),
            queue=UploadQueue(real_redis, keys, limits=QueueLimits()),
            fleet=Fleet(real_redis, keys),
            watching=WatchLease(real_redis, keys),
            board=Board(real_redis, keys),
            polls=Polls(real_redis, keys),
            switches=Switches(real_redis, keys),
            parking=Parking(real_redis, keys),
            spool=spool,
            archive=lambda: archive,
            catalogue=lambda: catalogue,
            feed=lambda: feed,
            trail=Book(settings.audit_folder()),
            jobs=Jobs(settings.replay_folder()),
            holds=lambda: Holds(FolderStore(settings.archive_folder())),
            numbers=lambda: Numbers(catalogue),
            dispatch=lambda: Dispatch(celery_app(broker, Stage.CONTROL)),
            neighbours=Neighbours(
                converters=lambda: [BETTER],
                set_aside=list,
                processes=lambda: ProcessList(
                    server=None, version="", age_s=None, old=False, asked_at=0, trouble=None, processes=[]
                ),
                finish=lambda _: False,
                trial=tried,
            ),
        )

    yield make
    for catalogue in opened:
        catalogue.close()


@pytest.fixture
def desk(make_desk, settings):
    return make_desk(settings)


@pytest.fixture
def serve(desk):
    """Serves an API at a place until the test is over."""
    with ExitStack() as held:

        def start(settings, desk=desk):
            place = Place.of(settings)
            desk.access.admit(local_token(settings).get_secret_value(), "local", Scope.ADMIN, term_s=600)
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


@pytest.fixture
def messages(broker):
    """The file ids of all convert messages that wait, which are taken out by asking."""

    def messages():
        ids = []
        with celery_app(broker, Stage.CONTROL).connection_for_read() as connection:
            while message := connection.default_channel.basic_get(celery_queue("convert"), no_ack=True):
                ids.append(message.decode()[1]["file_id"])
        return ids

    return messages
