"""A broker behind TLS: who it is, and who we are, is proved; for our own commands and for Celery's alike."""

from collections.abc import Iterator

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as NoConnection
from tunnel import Certificates, tunnel

from wats_broker.connection import connect, reach
from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.embedded import address
from wats_broker.errors import BrokerUnreachable
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.made_in(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def port(certificates: Certificates, broker: BrokerSettings) -> Iterator[int]:
    """The session's server, by TLS."""
    assert broker.embedded_folder is not None
    found = address(broker.embedded_folder)
    assert found is not None
    with tunnel(certificates, found.socket) as listening:
        yield listening


def by_tls(port: int, certificates: Certificates, **different: object) -> BrokerSettings:
    return BrokerSettings.model_validate(
        {
            "url": f"rediss://localhost:{port}/0",
            "ca_file": certificates.authority,
            "cert_file": certificates.client,
            "key_file": certificates.client_key,
            # A handshake on a busy machine takes its time.
            "connect_timeout_s": 60,
            "socket_timeout_s": 60,
            **different,
        }
    )


def refused(settings: BrokerSettings) -> str:
    """What is said when our own client, and Celery's, may not or will not talk."""
    with pytest.raises(BrokerUnreachable) as ours:
        reach(settings, patience_s=0.0)
    with (
        celery_app(settings, Stage.WATCH).connection_for_write() as connection,
        pytest.raises(OperationalError),
    ):
        connection.ensure_connection(max_retries=1, interval_start=0)
    return str(ours.value)


def test_both_sides_show_who_they_are(port, certificates):
    """With the authority's word for the server and ours for the client, commands go through."""
    with connect(by_tls(port, certificates)) as redis:
        assert redis.ping()


def test_messages_go_through_it_as_well(port, certificates):
    """Celery has its own connections; what it sends arrives."""
    settings = by_tls(port, certificates)
    dispatch = Dispatch(celery_app(settings, Stage.WATCH))
    with connect(settings) as redis:
        redis.flushall()

    dispatch.convert([("f" * 32, "convert", 5)])

    assert dispatch.backlog("convert") == 1


def test_a_server_that_nobody_vouches_for_is_none(port, certificates):
    """Without the factory's own authority the system's list counts, and it has never heard of this one."""
    settings = by_tls(port, certificates, ca_file=None)

    assert "certificate verify failed" in refused(settings)


def test_a_server_of_another_name_is_none(certificates, broker):
    """A certificate of the right authority is not enough: whoever has stolen a neighbour's could listen."""
    found = address(broker.embedded_folder)
    with tunnel(certificates, found.socket, elsewhere=True) as port:
        assert "match" in refused(by_tls(port, certificates))


def test_without_a_certificate_of_ours_nothing_is_answered(port, certificates):
    """A server that asks for one lets nobody in without."""
    settings = by_tls(port, certificates, cert_file=None, key_file=None)

    with pytest.raises((NoConnection, BrokerUnreachable)):
        connect(settings).ping()
